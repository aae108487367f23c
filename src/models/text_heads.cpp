#include <string>
#include <vector>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/models/text_heads.hpp>
#include <attune/nn/dropout.hpp>
#include <attune/ops/gelu.hpp>
#include <attune/ops/matmul.hpp>
#include <attune/ops/rows.hpp>

namespace attune::models {

namespace {

nn::LinearOptions map_of(std::int64_t from, std::int64_t to, const TextEncoderOptions& options) {
  return {.in_channels = from, .out_channels = to, .deviation = options.deviation};
}

const TextClassifierOptions& checked(const TextClassifierOptions& options) {
  if (options.num_labels < 1) {
    throw InvalidArgument(
        core::text("TextClassifier: num_labels must be at least 1, got ", options.num_labels));
  }
  (void)nn::Dropout(options.dropout);
  return options;
}

bool has_own_head(const TextClassifierOptions& options) {
  return options.pooling == TextPooling::of_family && options.encoder.family == TextFamily::roberta;
}

Variable first_tokens(const Variable& hidden, const TextBatch& batch) {
  const std::vector<std::int32_t> rows(batch.starts.begin(), batch.starts.end() - 1);
  return ops::take_rows(hidden, rows);
}

}  // namespace

TextModel::TextModel(const TextEncoderOptions& options, nn::Initializer& init)
    : encoder_(options, init) {
  register_module("encoder", encoder_);
}

TextClassifier::TextClassifier(const TextClassifierOptions& options, nn::Initializer& init)
    : TextModel(options.encoder, init),
      options_(checked(options)),
      first_token_(map_of(options.encoder.channels, options.encoder.channels, options.encoder),
                   init),
      classifier_(map_of(options.encoder.channels, options.num_labels, options.encoder), init) {
  register_module(has_own_head(options) ? "dense" : "pooler", first_token_);
  register_module("classifier", classifier_);
}

Variable TextClassifier::forward(const TextBatch& batch, nn::ForwardContext& ctx) const {
  const nn::Dropout dropout(options_.dropout);
  Variable x = first_tokens(encoder().forward(batch, ctx), batch);
  if (has_own_head(options_)) {
    x = dropout.forward(x, ctx);
  }
  return classifier_.forward(dropout.forward(ops::tanh(first_token_.forward(x)), ctx));
}

SpanPredictor::SpanPredictor(const TextEncoderOptions& options, nn::Initializer& init)
    : TextModel(options, init), span_(map_of(options.channels, 2, options), init) {
  register_module("span", span_);
}

Variable SpanPredictor::forward(const TextBatch& batch, nn::ForwardContext& ctx) const {
  return span_.forward(encoder().forward(batch, ctx));
}

MaskedLanguageModel::MaskedLanguageModel(const TextEncoderOptions& options, nn::Initializer& init)
    : TextModel(options, init),
      dense_(map_of(options.channels, options.embedding_channels, options), init),
      norm_({.channels = options.embedding_channels, .epsilon = options.layer_norm_epsilon}) {
  register_module("dense", dense_);
  register_module("norm", norm_);
  bias_ = register_parameter("bias", core::Tensor::zeros({options.vocabulary}));
}

Variable MaskedLanguageModel::forward(const TextBatch& batch, std::span<const std::int32_t> tokens,
                                      nn::ForwardContext& ctx) const {
  const Variable rows = ops::take_rows(encoder().forward(batch, ctx), tokens);
  const Variable x =
      norm_.forward(nn::activate(dense_.forward(rows), encoder().options().activation));
  return ops::linear_transposed(x, encoder().token_embeddings(), bias_);
}

}  // namespace attune::models
