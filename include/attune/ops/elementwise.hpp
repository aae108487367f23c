#pragma once

#include <attune/autograd/variable.hpp>

namespace attune::ops {

/// Sum of two variables of the same shape and element type, as are difference and product. In place
/// where x is given away and nobody else holds it.
/// @throws ShapeError  the shapes or the element types differ
[[nodiscard]] Variable add(Variable x, const Variable& y);
/// x - y.
/// @throws ShapeError  as add()
[[nodiscard]] Variable sub(const Variable& x, const Variable& y);
/// x y, element by element.
/// @throws ShapeError  as add()
[[nodiscard]] Variable mul(const Variable& x, const Variable& y);

/// Every element times a constant.
[[nodiscard]] Variable scale(const Variable& x, double factor);

/// The same elements under another shape; nothing is copied.
/// @throws ShapeError  the number of elements differs
[[nodiscard]] Variable reshape(const Variable& x, const core::Shape& shape);

}  // namespace attune::ops
