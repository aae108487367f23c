#pragma once

#include <attune/autograd/variable.hpp>
#include <attune/core/tensor.hpp>

namespace attune::ops {

/// Mean and variance of the columns of a matrix, [c] each.
struct ColumnStatistics {
  core::Tensor mean;      ///< of every column
  core::Tensor variance;  ///< of the rows themselves: divided by their number
};

/// Every column brought to mean 0 and variance 1 over the rows, then scaled and shifted. Ioffe and
/// Szegedy, "Batch Normalization", ICML 2015, arXiv 1502.03167, algorithm 1:
///
///     y = (x - mean) / sqrt(variance + epsilon) * gamma + beta
///
/// Statistics are summed in double over blocks of fixed shape, the variance around the mean. Of a
/// single row the result is beta.
/// @param x           [n, c], at least one row and one column
/// @param gamma       [c]; beta is [c] too
/// @param statistics  if not null, receives those of x, in its element type
/// @throws ShapeError       the shapes or the element types do not fit
/// @throws InvalidArgument  epsilon is not above 0
[[nodiscard]] Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                                  double epsilon, ColumnStatistics* statistics = nullptr);

/// The same with statistics that are given, through which no derivative goes.
[[nodiscard]] Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                                  double epsilon, const ColumnStatistics& statistics);

}  // namespace attune::ops
