#pragma once

#include <concepts>
#include <cstdint>
#include <span>

namespace attune::core {

/// C = op(A) op(B), or C += with `accumulate`; all row-major and contiguous.
struct GemmShape {
  std::int64_t m = 0;        ///< rows of C
  std::int64_t n = 0;        ///< columns of C
  std::int64_t k = 0;        ///< inner size
  bool transpose_a = false;  ///< A is stored [k, m]
  bool transpose_b = false;  ///< B is stored [n, k]
  bool accumulate = false;
};

/// Matrix product. float32 runs on oneDNN in blocks whose size is a function of the shape alone, so
/// the bits do not depend on the number of threads; float64 runs on a plain loop, for checks.
/// Where k is large and C small (a weight gradient), k is split into fixed chunks whose partial
/// products are added in order.
template <std::floating_point T>
void gemm(const GemmShape& shape, std::span<const T> a, std::span<const T> b, std::span<T> c);

}  // namespace attune::core
