#pragma once

#include <attune/autograd/variable.hpp>

namespace attune::ops {

/// Binary cross-entropy of each element against a target between 0 and 1, summed over the columns
/// and averaged over the rows; safe for large logits:
///
///     mean_i sum_j [ log(1 + exp(x_ij)) - t_ij x_ij ]
///
/// Several answers may be right at once, each to its degree.
/// @param logits   [n, c], x
/// @param targets  [n, c], t; receives no gradient
/// @return         rank 0
/// @throws ShapeError       logits is not a matrix, or has no rows; shapes or element types differ
/// @throws InvalidArgument  a target outside [0, 1]; says which
[[nodiscard]] Variable binary_cross_entropy(const Variable& logits, const core::Tensor& targets);

}  // namespace attune::ops
