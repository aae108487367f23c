#pragma once

#include <attune/autograd/variable.hpp>
#include <attune/ops/attention.hpp>

namespace attune::ops {

/// Reduces the rows of each sample to one, or to one a column of scores, which stand side by side:
///
///     alpha_rg = exp(scores_rg) / sum over rows r' of the sample of exp(scores_r'g)
///     y_s      = (sum_r alpha_r0 x_r, sum_r alpha_r1 x_r, ...)
///
/// A sample without rows yields zero.
///
/// @param x         [n, c]
/// @param scores    [n, g]
/// @param segments  samples own the rows [segments[s], segments[s + 1])
/// @param alpha     if not null, receives the coefficients, [n, g]
/// @return          [samples, g c]
/// @throws ShapeError       not two matrices of as many rows, or element types that differ
/// @throws InvalidArgument  segments that do not ascend from 0 to n
[[nodiscard]] Variable segment_pool(const Variable& x, const Variable& scores, Segments segments,
                                    core::Tensor* alpha = nullptr);

}  // namespace attune::ops
