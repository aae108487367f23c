#pragma once

#include <attune/autograd/variable.hpp>

namespace attune::ops {

/// Two matrices side by side, [n, a + b].
/// @param x  [n, a]
/// @param y  [n, b]
/// @throws ShapeError  other numbers of rows, other element types, no matrices
[[nodiscard]] Variable concat_columns(const Variable& x, const Variable& y);

/// The larger of the two elements at each place; a derivative goes to x where they are equal.
/// @param y  of the shape of x
/// @throws ShapeError  other shapes or element types
[[nodiscard]] Variable maximum(const Variable& x, const Variable& y);

}  // namespace attune::ops
