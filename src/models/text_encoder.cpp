#include <cmath>
#include <string>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/models/text_encoder.hpp>
#include <attune/nn/dropout.hpp>
#include <attune/ops/elementwise.hpp>

namespace attune::models {

using core::text;

namespace {

const TextEncoderOptions& checked(const TextEncoderOptions& options) {
  validate(options);
  return options;
}

nn::EmbeddingOptions table(std::int64_t rows, const TextEncoderOptions& options) {
  return {.num_rows = rows, .channels = options.embedding_channels, .deviation = options.deviation};
}

nn::TransformerEncoderLayerOptions layer_options(const TextEncoderOptions& options) {
  return {.channels = options.channels,
          .heads = options.heads,
          .intermediate_channels = options.intermediate_channels,
          .activation = options.activation,
          .dropout = options.dropout,
          // ALBERT drops nothing of what its feed-forward network adds.
          .feed_forward_dropout = options.family == TextFamily::albert ? 0 : options.dropout,
          .attention_dropout = options.attention_dropout,
          .layer_norm_epsilon = options.layer_norm_epsilon,
          .deviation = options.deviation};
}

std::int64_t num_groups(const TextEncoderOptions& options) noexcept {
  return options.layer_groups == 0 ? options.layers : options.layer_groups;
}

std::int64_t first_position(const TextEncoderOptions& options) noexcept {
  return options.family == TextFamily::roberta ? options.padding_token + 1 : 0;
}

void require_at_least_one(std::int64_t size, const char* what) {
  if (size < 1) {
    throw InvalidArgument(text("TextEncoder: ", what, " must be at least 1, got ", size));
  }
}

}  // namespace

std::int64_t max_tokens(const TextEncoderOptions& options) noexcept {
  return options.max_positions - first_position(options);
}

void validate(const TextEncoderOptions& options) {
  require_at_least_one(options.vocabulary, "vocabulary");
  require_at_least_one(options.embedding_channels, "embedding_channels");
  require_at_least_one(options.channels, "channels");
  require_at_least_one(options.layers, "layers");
  require_at_least_one(options.heads, "heads");
  require_at_least_one(options.intermediate_channels, "intermediate_channels");
  require_at_least_one(options.token_types, "token_types");
  require_at_least_one(options.group_layers, "group_layers");
  if (!(options.layer_norm_epsilon > 0) || !std::isfinite(options.layer_norm_epsilon)) {
    throw InvalidArgument(text("TextEncoder: layer_norm_epsilon must be finite and above 0, got ",
                               options.layer_norm_epsilon));
  }
  if (!(options.deviation >= 0) || !std::isfinite(options.deviation)) {
    throw InvalidArgument(
        text("TextEncoder: deviation must be finite and at least 0, got ", options.deviation));
  }
  if (options.padding_token < 0 || options.padding_token >= options.vocabulary) {
    throw InvalidArgument(text("TextEncoder: padding_token must be in [0, ", options.vocabulary,
                               "), got ", options.padding_token));
  }
  if (max_tokens(options) < 1) {
    throw InvalidArgument(text("TextEncoder: max_positions must be at least ",
                               first_position(options) + 1, ", got ", options.max_positions));
  }
  if (options.layer_groups < 0 || options.layers % num_groups(options) != 0) {
    throw InvalidArgument(text("TextEncoder: layer_groups must divide layers=", options.layers,
                               ", got ", options.layer_groups));
  }
}

TextEncoder::TextEncoder(const TextEncoderOptions& options, nn::Initializer& init)
    : options_(checked(options)),
      tokens_(table(options.vocabulary, options), init),
      positions_(table(options.max_positions, options), init),
      types_(table(options.token_types, options), init),
      embedding_norm_(
          {.channels = options.embedding_channels, .epsilon = options.layer_norm_epsilon}) {
  register_module("embeddings.tokens", tokens_);
  register_module("embeddings.positions", positions_);
  register_module("embeddings.types", types_);
  register_module("embeddings.norm", embedding_norm_);
  if (options.embedding_channels != options.channels || options.family == TextFamily::albert) {
    widening_ =
        std::make_unique<nn::Linear>(nn::LinearOptions{.in_channels = options.embedding_channels,
                                                       .out_channels = options.channels,
                                                       .deviation = options.deviation},
                                     init);
    register_module("embeddings.widening", *widening_);
  }
  for (std::int64_t i = 0; i < num_groups(options) * options.group_layers; ++i) {
    layers_.push_back(std::make_unique<nn::TransformerEncoderLayer>(layer_options(options), init));
    register_module(text("layers.", i), *layers_.back());
  }
}

void TextEncoder::check(const TextBatch& batch) const {
  const std::size_t n = batch.tokens.size();
  if (batch.types.size() != n || batch.positions.size() != n || batch.starts.empty() ||
      batch.starts.back() != batch.num_tokens()) {
    throw InvalidArgument("TextEncoder::forward: expected a type and a position for each token");
  }
  const auto require_below = [](std::int32_t value, std::int64_t bound, const char* what,
                                std::size_t i) {
    if (value < 0 || value >= bound) {
      throw InvalidArgument(text("TextEncoder::forward: ", what, " of token ", i,
                                 " of the batch must be in [0, ", bound, "), got ", value));
    }
  };
  for (std::size_t i = 0; i < n; ++i) {
    require_below(batch.tokens[i], options_.vocabulary, "number", i);
    require_below(batch.types[i], options_.token_types, "type", i);
    require_below(batch.positions[i], max_tokens(options_), "position", i);
  }
}

Variable TextEncoder::embed(const TextBatch& batch, nn::ForwardContext& ctx) const {
  std::vector<std::int32_t> positions = batch.positions;
  for (std::int32_t& position : positions) {
    position += static_cast<std::int32_t>(first_position(options_));
  }
  const Variable sum =
      ops::add(ops::add(tokens_.forward(batch.tokens), types_.forward(batch.types)),
               positions_.forward(positions));
  const Variable x = nn::Dropout(options_.dropout).forward(embedding_norm_.forward(sum), ctx);
  return widening_ ? widening_->forward(x) : x;
}

Variable TextEncoder::forward(const TextBatch& batch, nn::ForwardContext& ctx) const {
  check(batch);
  Variable x = embed(batch, ctx);
  const std::int64_t applications = options_.layers / num_groups(options_);
  for (std::int64_t layer = 0; layer < options_.layers; ++layer) {
    const std::int64_t group = layer / applications;
    for (std::int64_t i = 0; i < options_.group_layers; ++i) {
      const auto at = static_cast<std::size_t>(group * options_.group_layers + i);
      x = layers_[at]->forward({x, batch.starts}, ctx);
    }
  }
  return x;
}

}  // namespace attune::models
