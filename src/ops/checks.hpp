#pragma once

#include <attune/core/tensor.hpp>

namespace attune::ops {

/// @throws ShapeError  `who: what must be [n, c], got [3]`, where `form` is "[n, c]"
void require_rank(const core::Tensor& tensor, int rank, const char* who, const char* what,
                  const char* form);

/// @throws ShapeError  `who: x and y must have the same shape, got [2] and [3]`; or the same of the
///                     element types
void require_alike(const core::Tensor& x, const core::Tensor& y, const char* who);

}  // namespace attune::ops
