#pragma once

#include <cstdint>
#include <span>

#include <attune/autograd/variable.hpp>

namespace attune::ops {

/// The first rows of x, copied; x itself where these are all.
/// @param x  of rank 1 or more
/// @throws ShapeError  rank 0, or `count` outside [0, rows of x]
[[nodiscard]] Variable first_rows(const Variable& x, std::int64_t count);

/// Rows of x in the order of the list, [index.size(), ...]; a row may come any number of times. It
/// is what looks up embeddings. The list is not read after the call. The gradient costs the listed
/// rows, not those of x, and the rows of one index are added in the order of the list.
/// @param x  of rank 1 or more
/// @throws ShapeError       rank 0
/// @throws InvalidArgument  an index outside the rows of x; says which
[[nodiscard]] Variable take_rows(const Variable& x, std::span<const std::int32_t> index);

}  // namespace attune::ops
