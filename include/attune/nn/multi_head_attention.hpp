#pragma once

#include <cstdint>

#include <attune/nn/forward_context.hpp>
#include <attune/nn/init.hpp>
#include <attune/nn/linear.hpp>
#include <attune/nn/module.hpp>
#include <attune/ops/attention.hpp>

namespace attune::nn {

/// Settings of a MultiHeadAttention.
struct MultiHeadAttentionOptions {
  std::int64_t channels = 0;     ///< required: of what enters and leaves, a multiple of heads
  std::int64_t heads = 1;        ///< of channels / heads channels each
  double attention_dropout = 0;  ///< probability, on the coefficients, in training only
  double deviation = 0;          ///< as LinearOptions::deviation
};

/// Tokens with a row each, of all samples one after another, and where the samples begin:
/// num_samples + 1 offsets from 0 to the number of rows. There is no padding.
struct TokenRows {
  const Variable& rows;  ///< [num_tokens, channels]
  ops::Segments starts;  ///< [num_samples + 1]
};

/// Multi-head attention. Vaswani et al., "Attention Is All You Need", NeurIPS 2017,
/// arXiv 1706.03762, section 3.2.2, with ops::attention in each head:
///
///     y = concat_h(attention(x W_q_h + b_q_h, z W_k_h + b_k_h, z W_v_h + b_v_h)) W_o + b_o
///
/// where z is x in self-attention. Memory O(tokens channels): no coefficients are kept.
///
/// Parameters: query, key, value and output, each with weight [channels, channels] and bias
/// [channels].
class MultiHeadAttention final : public Module {
 public:
  /// @throws InvalidArgument  a size below 1, channels that heads do not divide, a dropout outside
  ///                          [0, 1)
  MultiHeadAttention(const MultiHeadAttentionOptions& options, Initializer& init);

  /// Self-attention: every token of a sample attends to all tokens of the sample.
  /// @param ctx  a head sink receives queries and keys with their samples, an attention sink the
  ///             coefficients of the pairs ordered by sample, query and key, [pairs, heads]
  /// @return     [num_tokens, channels]
  /// @throws ShapeError       the rows do not have `channels` columns
  /// @throws InvalidArgument  starts that do not ascend from 0 to the last row
  [[nodiscard]] Variable forward(const TokenRows& x, ForwardContext& ctx) const;

  /// Tokens of x attend to those of the same sample of z. The heads are reported as cross.
  /// @throws InvalidArgument  also where x and z are not of as many samples
  [[nodiscard]] Variable forward(const TokenRows& x, const TokenRows& z, ForwardContext& ctx) const;

 private:
  [[nodiscard]] Variable attend_to(const TokenRows& x, const TokenRows& z, bool cross,
                                   ForwardContext& ctx) const;
  [[nodiscard]] Variable heads_of(const Linear& projection, const Variable& rows) const;

  MultiHeadAttentionOptions options_;
  Linear query_;
  Linear key_;
  Linear value_;
  Linear output_;
};

}  // namespace attune::nn
