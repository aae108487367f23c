#include "nn/checks.hpp"
#include <attune/nn/dropout.hpp>
#include <attune/nn/transformer_encoder_layer.hpp>
#include <attune/ops/activations.hpp>
#include <attune/ops/gelu.hpp>

namespace attune::nn {

namespace {

const TransformerEncoderLayerOptions& checked(const TransformerEncoderLayerOptions& options) {
  const char* who = "TransformerEncoderLayer";
  require_size(options.intermediate_channels, who, "intermediate_channels");
  require_probability(options.dropout, who, "dropout");
  require_probability(options.feed_forward_dropout, who, "feed_forward_dropout");
  require_probability(options.hidden_dropout, who, "hidden_dropout");
  return options;
}

}  // namespace

Variable activate(const Variable& x, HiddenActivation activation) {
  switch (activation) {
    case HiddenActivation::gelu_tanh:
      return ops::gelu(x, ops::GeluForm::tanh);
    case HiddenActivation::relu:
      return ops::relu(x);
    case HiddenActivation::gelu:
      break;
  }
  return ops::gelu(x);
}

TransformerEncoderLayer::TransformerEncoderLayer(const TransformerEncoderLayerOptions& options,
                                                 Initializer& init)
    : options_(checked(options)),
      attention_({.channels = options.channels,
                  .heads = options.heads,
                  .attention_dropout = options.attention_dropout,
                  .deviation = options.deviation},
                 init),
      attention_norm_({.channels = options.channels, .epsilon = options.layer_norm_epsilon}),
      intermediate_({.in_channels = options.channels,
                     .out_channels = options.intermediate_channels,
                     .deviation = options.deviation},
                    init),
      output_({.in_channels = options.intermediate_channels,
               .out_channels = options.channels,
               .deviation = options.deviation},
              init),
      output_norm_({.channels = options.channels, .epsilon = options.layer_norm_epsilon}) {
  register_module("attention", attention_);
  register_module("attention_norm", attention_norm_);
  register_module("intermediate", intermediate_);
  register_module("output", output_);
  register_module("output_norm", output_norm_);
}

Variable TransformerEncoderLayer::forward(const TokenRows& x, ForwardContext& ctx) const {
  const Variable a =
      attention_norm_.forward(attention_.forward(x, ctx), x.rows, options_.dropout, ctx);
  const Variable hidden =
      Dropout(options_.hidden_dropout)
          .forward(activate(intermediate_.forward(a), options_.activation), ctx);
  return output_norm_.forward(output_.forward(hidden), a, options_.feed_forward_dropout, ctx);
}

}  // namespace attune::nn
