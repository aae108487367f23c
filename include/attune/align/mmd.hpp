#pragma once

#include <attune/align/clouds.hpp>
#include <attune/core/tensor.hpp>

namespace attune::align {

/// Settings of mmd().
struct MmdOptions {
  double sigma = 1;  ///< width of the kernel
};

/// Maximum mean discrepancy with a Gaussian kernel (V-statistic), summed over the heads, mean over
/// the samples:
///
///     k(x, y) = exp(-|x - y|^2 / (2 sigma^2))
///     L = mean_ii' k(q_i, q_i') + mean_jj' k(k_j, k_j') - 2 mean_ij k(q_i, k_j)          >= 0
///
/// A sample without a valid query or key adds 0. Work O(heads (n + m)^2 channels), memory beyond
/// the gradients O((n + m) channels): kernel values are never stored.
///
/// @param per_head  if not null, receives the terms, [samples, heads] in float64
/// @throws ShapeError       sizes that do not fit one another
/// @throws InvalidArgument  sigma not positive, or a valid point that is not finite
[[nodiscard]] Variable mmd(const Clouds& clouds, const MmdOptions& options = {},
                           core::Tensor* per_head = nullptr);

/// Median distance between pairs of points, queries and keys of all heads together, over a fixed
/// sample of 1024 pairs a head: a width for the kernel that suits the clouds.
/// @throws InvalidArgument  no valid pair, or most sampled points coincide
[[nodiscard]] double median_distance(const Clouds& clouds);

}  // namespace attune::align
