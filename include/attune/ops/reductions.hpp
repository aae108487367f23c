#pragma once

#include <attune/autograd/variable.hpp>

namespace attune::ops {

/// Sum of all elements, a variable of rank 0. Added in blocks of fixed size, in double.
[[nodiscard]] Variable sum(const Variable& x);

/// Mean of all elements, a variable of rank 0.
/// @throws ShapeError  x has no elements
[[nodiscard]] Variable mean(const Variable& x);

}  // namespace attune::ops
