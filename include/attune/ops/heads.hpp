#pragma once

#include <attune/autograd/variable.hpp>

namespace attune::ops {

/// Mean over the heads, as an output layer takes it.
/// @param x  [n, heads, channels]
/// @return   [n, channels]
/// @throws ShapeError  x is not of rank 3, or has no heads
[[nodiscard]] Variable mean_heads(const Variable& x);

/// z[i, h, c] * a[h, c]: the elementwise product of every node's heads with one vector a head.
/// @param z  [n, heads, channels]
/// @param a  [heads, channels]
/// @return   [n, heads, channels]
/// @throws ShapeError  z is not of rank 3, a does not fit it, or the element types differ
[[nodiscard]] Variable head_scale(const Variable& z, const Variable& a);

/// Sum over c of z[i, h, c] * a[h, c]: the product of every node's heads with one vector a head.
/// @param z  [n, heads, channels]
/// @param a  [heads, channels]
/// @return   [n, heads]
/// @throws ShapeError  z is not of rank 3, a does not fit it, or the element types differ
[[nodiscard]] Variable head_dot(const Variable& z, const Variable& a);

}  // namespace attune::ops
