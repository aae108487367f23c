#pragma once

#include <concepts>
#include <cstdint>
#include <span>

#include <attune/core/function_ref.hpp>

namespace attune::core {

/// C = op(A) op(B), or C += with `accumulate`; all row-major and contiguous.
struct GemmShape {
  std::int64_t m = 0;        ///< rows of C
  std::int64_t n = 0;        ///< columns of C
  std::int64_t k = 0;        ///< inner size
  bool transpose_a = false;  ///< A is stored [k, m]
  bool transpose_b = false;  ///< B is stored [n, k]
  bool accumulate = false;   ///< C += instead of C =
};

/// A part of C: rows [row_begin, row_end) by columns [column_begin, column_end).
struct GemmBlock {
  std::int64_t row_begin = 0;     ///< first row
  std::int64_t row_end = 0;       ///< behind the last row
  std::int64_t column_begin = 0;  ///< first column
  std::int64_t column_end = 0;    ///< behind the last column
};

/// Called for each part of C when it is complete and still in the cache, from the thread that made
/// it; the parts cover C once.
using GemmFinish = FunctionRef<void(const GemmBlock&)>;

/// Matrix product. float32 runs on oneDNN in blocks whose size is a function of the shape alone, so
/// the bits do not depend on the number of threads; float64 runs on a plain loop, for checks.
/// Where k is large and C small (a weight gradient), k is split into fixed chunks whose partial
/// products are added in order.
/// @param finish  null: nothing is left to do
template <std::floating_point T>
void gemm(const GemmShape& shape, std::span<const T> a, std::span<const T> b, std::span<T> c,
          const GemmFinish* finish = nullptr);

}  // namespace attune::core
