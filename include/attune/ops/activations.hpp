#pragma once

#include <attune/autograd/variable.hpp>

namespace attune::ops {

/// max(x, 0). The derivative at 0 is taken as 0.
[[nodiscard]] Variable relu(const Variable& x);

/// x where x > 0, else negative_slope * x. The derivative at 0 is taken as negative_slope.
/// @throws InvalidArgument  negative_slope is not finite
[[nodiscard]] Variable leaky_relu(const Variable& x, double negative_slope);

/// x where x > 0, else exp(x) - 1. Clevert et al., "Fast and Accurate Deep Network Learning by
/// Exponential Linear Units", ICLR 2016, arXiv 1511.07289, with alpha = 1.
[[nodiscard]] Variable elu(const Variable& x);

/// elu(add_bias(x, bias)) in one pass over memory, and one back.
/// @param x     [n, c]
/// @param bias  [c]
/// @throws ShapeError  x is not a matrix, bias is not one number a column, or the element types
///                     differ
[[nodiscard]] Variable bias_elu(const Variable& x, const Variable& bias);

/// 1 / (1 + exp(-x)), without overflow at either end.
[[nodiscard]] Variable sigmoid(const Variable& x);

}  // namespace attune::ops
