// Products of small matrices on one thread. Included once an instruction set by the files that
// Highway compiles so; see hwy/foreach_target.h for why the guard toggles.
#if defined(ATTUNE_OPS_PRODUCT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_OPS_PRODUCT_INL_HPP
#undef ATTUNE_OPS_PRODUCT_INL_HPP
#else
#define ATTUNE_OPS_PRODUCT_INL_HPP
#endif

#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::ops::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Element (i, l) is at[i * row + l * column]: rows or columns of a matrix, or of its transpose.
template <class T>
struct Left {
  const T* at;
  std::int64_t row;
  std::int64_t column;
};

// kRows rows and kVectors vectors of the result, which stay in registers over the sum.
template <int kRows, int kVectors, class T>
HWY_INLINE void product_block(Left<T> a, const T* HWY_RESTRICT b, std::int64_t ldb,
                              T* HWY_RESTRICT c, std::int64_t ldc, std::int64_t inner,
                              bool accumulate) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<hn::ScalableTag<T>> sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = accumulate ? hn::LoadU(d, c + r * ldc + v * lanes) : hn::Zero(d);
    }
  }
  for (std::int64_t l = 0; l < inner; ++l) {
    hn::Vec<hn::ScalableTag<T>> row[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      row[v] = hn::LoadU(d, b + l * ldb + v * lanes);
    }
    const T* column = a.at + l * a.column;
    for (int r = 0; r < kRows; ++r) {
      const auto factor = hn::Set(d, column[r * a.row]);
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::MulAdd(factor, row[v], sums[r][v]);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      hn::StoreU(sums[r][v], d, c + r * ldc + v * lanes);
    }
  }
}

template <int kVectors, class T>
HWY_INLINE void product_columns(Left<T> a, const T* b, std::int64_t ldb, T* c, std::int64_t ldc,
                                std::int64_t rows, std::int64_t inner, bool accumulate) {
  constexpr int kRows = 6;  // times four vectors: 24 of 32 registers
  std::int64_t i = 0;
  for (; i + kRows <= rows; i += kRows) {
    product_block<kRows, kVectors, T>({a.at + i * a.row, a.row, a.column}, b, ldb, c + i * ldc, ldc,
                                      inner, accumulate);
  }
  for (; i + 2 <= rows; i += 2) {
    product_block<2, kVectors, T>({a.at + i * a.row, a.row, a.column}, b, ldb, c + i * ldc, ldc,
                                  inner, accumulate);
  }
  if (i < rows) {
    product_block<1, kVectors, T>({a.at + i * a.row, a.row, a.column}, b, ldb, c + i * ldc, ldc,
                                  inner, accumulate);
  }
}

// C = A B, or C += A B. An element is summed over l in order, whatever stands beside it.
// @param columns  of B and C, a multiple of the lanes of a vector
template <class T>
HWY_INLINE void product(Left<T> a, const T* b, std::int64_t ldb, T* c, std::int64_t ldc,
                        std::int64_t rows, std::int64_t columns, std::int64_t inner,
                        bool accumulate) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<T>()));
#if HWY_TARGET <= HWY_AVX3
  constexpr int kAcross = 4;
#else
  constexpr int kAcross = 2;  // of 16 registers
#endif
  std::int64_t j = 0;
  for (; j + kAcross * lanes <= columns; j += kAcross * lanes) {
    product_columns<kAcross, T>(a, b + j, ldb, c + j, ldc, rows, inner, accumulate);
  }
  if (kAcross == 4 && j + 2 * lanes <= columns) {
    product_columns<2, T>(a, b + j, ldb, c + j, ldc, rows, inner, accumulate);
    j += 2 * lanes;
  }
  if (j < columns) {
    product_columns<1, T>(a, b + j, ldb, c + j, ldc, rows, inner, accumulate);
  }
}

}  // namespace attune::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
