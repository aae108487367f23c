#pragma once

#include <cstdint>
#include <span>

#include <attune/autograd/variable.hpp>
#include <attune/core/random.hpp>

namespace attune::ops {

/// Which rows belong together: sample s owns the rows [starts[s], starts[s + 1]). Rows of all
/// samples stand one after another, without padding.
using Segments = std::span<const std::int64_t>;

/// @throws InvalidArgument  `starts` does not ascend from 0 to num_rows: `who: what must ...`
void require_segments(Segments starts, std::int64_t num_rows, const char* who, const char* what);

/// Settings of attention().
struct AttentionOptions {
  double dropout = 0;                          ///< probability, on the coefficients
  const core::RandomStream* stream = nullptr;  ///< of the dropout; null: none
  core::Tensor* alpha = nullptr;               ///< if not null, receives the coefficients
};

/// Scaled dot-product attention, every query of a sample to every key of the same sample, head by
/// head. Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv 1706.03762, eq. 1:
///
///     alpha_ij = exp(q_i . k_j / sqrt(channels)) / sum_k exp(q_i . k_k / sqrt(channels))
///     y_i      = sum_j alpha_ij v_j
///
/// A query of a sample without keys yields zero. Coefficients exist in tiles alone, as in Dao et
/// al., "FlashAttention", NeurIPS 2022, arXiv 2205.14135: memory is one number a query and head
/// beyond the result, and the backward pass computes the tiles again. Which coefficients are
/// dropped is a function of the stream, the head and the position.
///
/// @param queries  [num_queries, heads, channels]
/// @param keys     [num_keys, heads, channels]; values are of the same shape
/// @param query_segments  of the samples' queries; key_segments of as many samples' keys
/// @return         [num_queries, heads, channels]; alpha is [pairs, heads], before dropout, pairs
///                 ordered by sample, then query, then key
/// @throws ShapeError       shapes or element types do not fit one another
/// @throws InvalidArgument  segments that do not ascend from 0 to the last row, or are of another
///                          number of samples; dropout outside [0, 1)
[[nodiscard]] Variable attention(const Variable& queries, const Variable& keys,
                                 const Variable& values, Segments query_segments,
                                 Segments key_segments, const AttentionOptions& options = {});

}  // namespace attune::ops
