#include "nn/checks.hpp"
#include <attune/nn/dropout.hpp>
#include <attune/nn/guided_attention_layer.hpp>

namespace attune::nn {

namespace {

const TransformerEncoderLayerOptions& checked(const TransformerEncoderLayerOptions& options) {
  const char* who = "GuidedAttentionLayer";
  require_size(options.intermediate_channels, who, "intermediate_channels");
  require_probability(options.dropout, who, "dropout");
  require_probability(options.feed_forward_dropout, who, "feed_forward_dropout");
  require_probability(options.hidden_dropout, who, "hidden_dropout");
  return options;
}

MultiHeadAttentionOptions attention(const TransformerEncoderLayerOptions& options) {
  return {.channels = options.channels,
          .heads = options.heads,
          .attention_dropout = options.attention_dropout,
          .deviation = options.deviation};
}

LayerNormOptions norm(const TransformerEncoderLayerOptions& options) {
  return {.channels = options.channels, .epsilon = options.layer_norm_epsilon};
}

}  // namespace

GuidedAttentionLayer::GuidedAttentionLayer(const TransformerEncoderLayerOptions& options,
                                           Initializer& init)
    : options_(checked(options)),
      attention_(attention(options), init),
      attention_norm_(norm(options)),
      guided_(attention(options), init),
      guided_norm_(norm(options)),
      intermediate_({.in_channels = options.channels,
                     .out_channels = options.intermediate_channels,
                     .deviation = options.deviation},
                    init),
      output_({.in_channels = options.intermediate_channels,
               .out_channels = options.channels,
               .deviation = options.deviation},
              init),
      output_norm_(norm(options)) {
  register_module("attention", attention_);
  register_module("attention_norm", attention_norm_);
  register_module("guided", guided_);
  register_module("guided_norm", guided_norm_);
  register_module("intermediate", intermediate_);
  register_module("output", output_);
  register_module("output_norm", output_norm_);
}

Variable GuidedAttentionLayer::forward(const TokenRows& x, const TokenRows& z,
                                       ForwardContext& ctx) const {
  const Variable a =
      attention_norm_.forward(attention_.forward(x, ctx), x.rows, options_.dropout, ctx);
  const Variable b =
      guided_norm_.forward(guided_.forward({a, x.starts}, z, ctx), a, options_.dropout, ctx);
  const Variable hidden =
      Dropout(options_.hidden_dropout)
          .forward(activate(intermediate_.forward(b), options_.activation), ctx);
  return output_norm_.forward(output_.forward(hidden), b, options_.feed_forward_dropout, ctx);
}

}  // namespace attune::nn
