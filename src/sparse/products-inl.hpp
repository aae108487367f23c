// Products of small matrices that lie inside larger ones. Included by kernels.cpp once an
// instruction set.
#if defined(ATTUNE_SPARSE_PRODUCTS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_SPARSE_PRODUCTS_INL_HPP
#undef ATTUNE_SPARSE_PRODUCTS_INL_HPP
#else
#define ATTUNE_SPARSE_PRODUCTS_INL_HPP
#endif

#include <cstdint>

#include <hwy/highway.h>

#include "sparse/kernels.hpp"
#include "sparse/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::sparse::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// `Height` rows by `Vectors` vectors of c, in registers from the first product to the last.
template <int Height, int Vectors, bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE void add_product_block(D d, const ProductShape& s, std::int64_t lanes, const T* a,
                                  const T* b, T* c) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  hn::Vec<D> sum[Height][Vectors];
  for (int r = 0; r < Height; ++r) {
    for (int v = 0; v < Vectors; ++v) {
      sum[r][v] = load_first<Whole>(d, c + r * s.c_row + v * kLanes, lanes);
    }
  }
  for (std::int64_t k = 0; k < s.inner; ++k, a += s.a_inner, b += s.b_row) {
    hn::Vec<D> x[Vectors];
    for (int v = 0; v < Vectors; ++v) {
      x[v] = load_first<Whole>(d, b + v * kLanes, lanes);
    }
    for (int r = 0; r < Height; ++r) {
      const auto factor = hn::Set(d, a[r * s.a_row]);
      for (int v = 0; v < Vectors; ++v) {
        sum[r][v] = hn::MulAdd(factor, x[v], sum[r][v]);
      }
    }
  }
  for (int r = 0; r < Height; ++r) {
    for (int v = 0; v < Vectors; ++v) {
      store_first<Whole>(sum[r][v], d, c + r * s.c_row + v * kLanes, lanes);
    }
  }
}

template <int Height, bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE void add_product_rows(D d, const ProductShape& s, const T* a, const T* b, T* c) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  std::int64_t n = 0;
  for (; n + 2 * kLanes <= s.columns; n += 2 * kLanes) {
    add_product_block<Height, 2, true>(d, s, kLanes, a, b + n, c + n);
  }
  if (n + kLanes <= s.columns) {
    add_product_block<Height, 1, true>(d, s, kLanes, a, b + n, c + n);
    n += kLanes;
  }
  if (!Whole && n < s.columns) {
    add_product_block<Height, 1, false>(d, s, s.columns - n, a, b + n, c + n);
  }
}

template <class T>
void add_products(const ProductShape& shape, const T* a, const T* b, T* c) {
  constexpr std::int64_t kRows = 4;
  with_vectors<T>(shape.columns, [&](auto d, auto whole) HWY_ATTR {
    constexpr bool kWhole = decltype(whole)::value;
    std::int64_t r = 0;
    for (; r + kRows <= shape.rows; r += kRows) {
      add_product_rows<kRows, kWhole>(d, shape, a + r * shape.a_row, b, c + r * shape.c_row);
    }
    for (; r < shape.rows; ++r) {
      add_product_rows<1, kWhole>(d, shape, a + r * shape.a_row, b, c + r * shape.c_row);
    }
  });
}

}  // namespace attune::sparse::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
