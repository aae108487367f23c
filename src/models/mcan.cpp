#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/models/mcan.hpp>
#include <attune/ops/elementwise.hpp>

namespace attune::models {

using core::text;

namespace {

// What the parts would refuse under names that are not the caller's.
const McanOptions& checked(const McanOptions& options) {
  const auto require = [](std::int64_t size, const char* what) {
    if (size < 1 || size > 1'000'000'000) {
      throw InvalidArgument(text("Mcan: ", what, " must be 1 to 1000000000, got ", size));
    }
  };
  require(options.vocabulary, "vocabulary");
  require(options.answers, "answers");
  require(options.word_channels, "word_channels");
  require(options.region_channels, "region_channels");
  require(options.channels, "channels");
  require(options.layers, "layers");
  require(options.heads, "heads");
  require(options.intermediate_channels, "intermediate_channels");
  require(options.reduction_channels, "reduction_channels");
  require(options.fused_channels, "fused_channels");
  return options;
}

nn::TransformerEncoderLayerOptions layer_options(const McanOptions& options) {
  return {.channels = options.channels,
          .heads = options.heads,
          .intermediate_channels = options.intermediate_channels,
          .activation = nn::HiddenActivation::relu,
          .dropout = options.dropout,
          .feed_forward_dropout = options.dropout,
          .hidden_dropout = options.dropout,
          .attention_dropout = options.attention_dropout,
          .layer_norm_epsilon = options.layer_norm_epsilon,
          .deviation = 0};
}

nn::AttentionReductionOptions reduction_options(const McanOptions& options) {
  return {.in_channels = options.channels,
          .hidden_channels = options.reduction_channels,
          .out_channels = options.fused_channels,
          .dropout = options.dropout};
}

void check_batch(const McanOptions& options, const TextBatch& questions,
                 const RegionBatch& images) {
  if (questions.starts.empty() || questions.num_texts() != images.num_images()) {
    throw InvalidArgument(text("Mcan::forward: expected an image a question, got ",
                               images.num_images(), " images and ", questions.num_texts(),
                               " questions"));
  }
  for (std::size_t i = 0; i < questions.tokens.size(); ++i) {
    const std::int32_t word = questions.tokens[i];
    if (word < 0 || word >= options.vocabulary) {
      throw InvalidArgument(text("Mcan::forward: word ", i, " of the batch must be in [0, ",
                                 options.vocabulary, "), got ", word));
    }
  }
}

}  // namespace

Mcan::Mcan(const McanOptions& options, nn::Initializer& init)
    : options_(checked(options)),
      words_({.num_rows = options.vocabulary,
              .channels = options.word_channels,
              .deviation = options.word_deviation},
             init),
      lstm_({.in_channels = options.word_channels, .out_channels = options.channels}, init),
      regions_({.in_channels = options.region_channels, .out_channels = options.channels}, init),
      question_reduction_(reduction_options(options), init),
      image_reduction_(reduction_options(options), init),
      norm_({.channels = options.fused_channels, .epsilon = options.layer_norm_epsilon}),
      classifier_({.in_channels = options.fused_channels, .out_channels = options.answers}, init) {
  register_module("words", words_);
  register_module("lstm", lstm_);
  register_module("regions", regions_);
  for (std::int64_t i = 0; i < options.layers; ++i) {
    encoder_.push_back(std::make_unique<nn::TransformerEncoderLayer>(layer_options(options), init));
    register_module(text("encoder.", i), *encoder_.back());
  }
  for (std::int64_t i = 0; i < options.layers; ++i) {
    decoder_.push_back(std::make_unique<nn::GuidedAttentionLayer>(layer_options(options), init));
    register_module(text("decoder.", i), *decoder_.back());
  }
  register_module("question_reduction", question_reduction_);
  register_module("image_reduction", image_reduction_);
  register_module("norm", norm_);
  register_module("classifier", classifier_);
}

Variable Mcan::forward(const TextBatch& questions, const RegionBatch& images,
                       nn::ForwardContext& ctx) const {
  check_batch(options_, questions, images);
  Variable y = lstm_.forward({words_.forward(questions.tokens), questions.starts});
  for (const auto& layer : encoder_) {
    y = layer->forward({y, questions.starts}, ctx);
  }
  Variable x = regions_.forward(Variable(images.features));
  for (const auto& layer : decoder_) {
    x = layer->forward({x, images.starts}, {y, questions.starts}, ctx);
  }
  const Variable question = question_reduction_.forward({y, questions.starts}, ctx);
  const Variable image = image_reduction_.forward({x, images.starts}, ctx);
  return classifier_.forward(norm_.forward(ops::add(question, image)));
}

}  // namespace attune::models
