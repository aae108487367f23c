#pragma once

#include <attune/nn/transformer_encoder_layer.hpp>

namespace attune::nn {

/// A layer in which tokens attend to one another and then to those of something else, which guides
/// them: the regions of an image to the words of a question. Yu et al., "Deep Modular Co-Attention
/// Networks for Visual Question Answering", CVPR 2019, arXiv 1906.10770, the unit SGA; a decoder
/// layer of Vaswani et al. that sees all positions:
///
///     a = LayerNorm(x + MultiHeadAttention(x))
///     b = LayerNorm(a + MultiHeadAttention(a, z))
///     y = LayerNorm(b + activation(b W_1 + b_1) W_2 + b_2)
///
/// Of the two attentions a head sink receives the first as self, the second as cross.
///
/// Parameters: attention, attention_norm, guided, guided_norm, intermediate (W_1, b_1), output
/// (W_2, b_2) and output_norm.
class GuidedAttentionLayer final : public Module {
 public:
  /// @param options  as of the layer without a guide; `dropout` is of both attentions
  /// @throws as TransformerEncoderLayer
  GuidedAttentionLayer(const TransformerEncoderLayerOptions& options, Initializer& init);

  /// @param z  who guides, of as many samples and channels; a sample without tokens adds the bias
  ///           of the attention alone
  /// @return   [num_tokens of x, channels]
  /// @throws as MultiHeadAttention::forward
  [[nodiscard]] Variable forward(const TokenRows& x, const TokenRows& z, ForwardContext& ctx) const;

 private:
  TransformerEncoderLayerOptions options_;
  MultiHeadAttention attention_;
  LayerNorm attention_norm_;
  MultiHeadAttention guided_;
  LayerNorm guided_norm_;
  Linear intermediate_;
  Linear output_;
  LayerNorm output_norm_;
};

}  // namespace attune::nn
