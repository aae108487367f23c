#pragma once

#include <cstdint>

#include <attune/autograd/variable.hpp>

namespace attune::ops {

/// The first rows of x, copied; x itself where these are all.
/// @param x  of rank 1 or more
/// @throws ShapeError  rank 0, or `count` outside [0, rows of x]
[[nodiscard]] Variable first_rows(const Variable& x, std::int64_t count);

}  // namespace attune::ops
