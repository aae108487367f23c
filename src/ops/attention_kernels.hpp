#pragma once

#include <concepts>
#include <cstdint>

#include <attune/core/random.hpp>

namespace attune::ops::kernels {

/// Rows of one head in a matrix whose rows hold all heads: row i is at[i * stride], of `channels`
/// elements.
template <class T>
struct HeadRows {
  T* at = nullptr;
  std::int64_t stride = 0;
};

/// Which coefficients are dropped: that of query i and key j where lane
/// first + i * stride + j of the stream is below the threshold. Stride and first are multiples of
/// eight.
struct HeadDropout {
  const core::RandomStream* stream = nullptr;  ///< null: none is dropped
  std::uint64_t first = 0;
  std::int64_t stride = 0;
  std::uint32_t threshold = 0;
  double scale = 1;  ///< of those that are kept
};

/// The attention of one sample in one head. One task owns it, forward and backward, so that results
/// have the same bits on any number of threads.
template <std::floating_point T>
struct HeadAttention {
  HeadRows<const T> queries;
  HeadRows<const T> keys;
  HeadRows<const T> values;
  std::int64_t num_queries = 0;
  std::int64_t num_keys = 0;
  std::int64_t channels = 0;
  double scale = 1;  ///< of the logits
  HeadDropout dropout;
};

/// Writes `out` and the logarithm of the sum of the exponentials of each query's logits. Without
/// keys the output is zero.
template <std::floating_point T>
void attend(const HeadAttention<T>& head, HeadRows<T> out, T* log_sums);

/// Coefficients before dropout, [num_queries, num_keys].
/// @param head_stride  from the coefficient of one pair to that of the next
template <std::floating_point T>
void coefficients(const HeadAttention<T>& head, const T* log_sums, T* alpha,
                  std::int64_t head_stride);

template <std::floating_point T>
struct HeadGradients {
  HeadRows<const T> out;       ///< as attend() wrote it
  HeadRows<const T> grad_out;  ///< its derivative
  HeadRows<T> queries;
  HeadRows<T> keys;
  HeadRows<T> values;
};

/// Writes the derivatives of queries, keys and values; logits are computed again.
template <std::floating_point T>
void attend_backward(const HeadAttention<T>& head, const T* log_sums,
                     const HeadGradients<T>& gradients);

}  // namespace attune::ops::kernels
