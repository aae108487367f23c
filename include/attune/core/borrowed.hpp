#pragma once

#include <functional>

#include <attune/core/tensor.hpp>

namespace attune::core {

/// A tensor over elements that somebody else owns, such as an array of another language or a mapped
/// file: nothing is copied. Operations read it as any other; who writes to it writes to what was
/// lent, so that memory that is read-only must not become a parameter.
/// @param elements  of the element type, aligned to 64 bytes as all storage is
/// @param release   called once, when the last handle is gone, on the thread that drops it; must
///                  not throw
/// @throws InvalidArgument  null or not aligned; `release` is then not called
[[nodiscard]] Tensor borrow(const void* elements, const Shape& shape, DType dtype,
                            std::function<void()> release);

}  // namespace attune::core
