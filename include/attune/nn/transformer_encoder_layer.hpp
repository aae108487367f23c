#pragma once

#include <cstdint>

#include <attune/nn/layer_norm.hpp>
#include <attune/nn/linear.hpp>
#include <attune/nn/multi_head_attention.hpp>

namespace attune::nn {

/// Between the two maps of a feed-forward network.
enum class HiddenActivation : std::uint8_t { gelu, gelu_tanh, relu };

/// relu(x), or one of the forms of ops::gelu.
[[nodiscard]] Variable activate(const Variable& x, HiddenActivation activation);

/// Settings of a TransformerEncoderLayer.
struct TransformerEncoderLayerOptions {
  std::int64_t channels = 0;               ///< required: a multiple of heads
  std::int64_t heads = 1;                  ///< of channels / heads channels each
  std::int64_t intermediate_channels = 0;  ///< required: width of the feed-forward network
  HiddenActivation activation = HiddenActivation::gelu;  ///< of the feed-forward network
  double dropout = 0;                 ///< on what attention adds, in training only
  double feed_forward_dropout = 0;    ///< on what the feed-forward network adds, likewise
  double hidden_dropout = 0;          ///< inside the feed-forward network, likewise
  double attention_dropout = 0;       ///< on the coefficients, likewise
  double layer_norm_epsilon = 1e-12;  ///< added to variances, above 0
  double deviation = 0.02;            ///< as LinearOptions::deviation
};

/// A layer of a transformer encoder that normalises after each addition. Devlin et al., "BERT:
/// Pre-training of Deep Bidirectional Transformers for Language Understanding", NAACL 2019,
/// arXiv 1810.04805:
///
///     a = LayerNorm(x + MultiHeadAttention(x))
///     y = LayerNorm(a + activation(a W_1 + b_1) W_2 + b_2)
///
/// Parameters: those of attention, attention_norm, intermediate (W_1, b_1), output (W_2, b_2) and
/// output_norm.
class TransformerEncoderLayer final : public Module {
 public:
  /// @throws InvalidArgument  a size below 1, channels that heads do not divide, a dropout outside
  ///                          [0, 1), an epsilon that is not above 0
  TransformerEncoderLayer(const TransformerEncoderLayerOptions& options, Initializer& init);

  /// @return  [num_tokens, channels]
  /// @throws as MultiHeadAttention::forward
  [[nodiscard]] Variable forward(const TokenRows& x, ForwardContext& ctx) const;

 private:
  TransformerEncoderLayerOptions options_;
  MultiHeadAttention attention_;
  LayerNorm attention_norm_;
  Linear intermediate_;
  Linear output_;
  LayerNorm output_norm_;
};

}  // namespace attune::nn
