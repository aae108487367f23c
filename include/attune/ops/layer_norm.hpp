#pragma once

#include <attune/autograd/variable.hpp>
#include <attune/core/random.hpp>

namespace attune::ops {

/// Every row brought to mean 0 and variance 1, then scaled and shifted by column. Ba, Kiros and
/// Hinton, "Layer Normalization", 2016, arXiv 1607.06450:
///
///     y = (x - mean) / sqrt(variance + epsilon) * gamma + beta
///
/// @param x      [n, c]
/// @param gamma  [c]; beta is [c] too
/// @throws ShapeError       the shapes or the element types do not fit, or x has no columns
/// @throws InvalidArgument  epsilon is not above 0
[[nodiscard]] Variable layer_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                                  double epsilon);

/// How the branch of a residual block is dropped before it is added.
struct BranchDropout {
  double p = 0;                                ///< probability, in [0, 1)
  const core::RandomStream* stream = nullptr;  ///< null: nothing is dropped
};

/// layer_norm(residual + dropout(x)): the end of a residual block, in one pass over memory.
/// @param residual  of the shape of x
/// @throws as layer_norm() and dropout()
[[nodiscard]] Variable add_layer_norm(const Variable& x, const Variable& residual,
                                      const Variable& gamma, const Variable& beta, double epsilon,
                                      const BranchDropout& dropout = {});

}  // namespace attune::ops
