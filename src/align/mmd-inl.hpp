// The sweep of the maximum mean discrepancy. Included by kernels.cpp once an instruction set.
#if defined(ATTUNE_ALIGN_MMD_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_ALIGN_MMD_INL_HPP
#undef ATTUNE_ALIGN_MMD_INL_HPP
#else
#define ATTUNE_ALIGN_MMD_INL_HPP
#endif

#include "align/kernels.hpp"
#include "align/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::align::HWY_NAMESPACE {

// Weighted kernel values of a tile; returns their sum.
template <class T>
HWY_INLINE double mmd_kernel(const MmdPoints<T>& p, std::int64_t i, std::int64_t j,
                             T* HWY_RESTRICT tile) {
  const TileTag<T> d;
  hn::Vec<TileTag<T>> sums[kAcross];
  for (auto& sum : sums) {
    sum = hn::Zero(d);
  }
  for_products(kTile, p.channels, p.rows + i * p.width, p.width, p.panels + j * p.channels,
               [&](std::int64_t r, std::int64_t first, const auto& products) HWY_ATTR {
                 const auto norm = hn::Set(d, p.half_norms[i + r]);
                 const auto weight = hn::Set(d, p.weights[i + r]);
                 for (int v = 0; v < kAcross; ++v) {
                   const std::int64_t c = first + v * lanes_of<TileTag<T>>();
                   const auto norms = hn::Add(norm, hn::LoadU(d, p.half_norms + j + c));
                   // Rounding may leave a distance below zero; the kernel is at most one.
                   const auto exponent = hn::Min(hn::Add(products[v], norms), hn::Zero(d));
                   const auto weights = hn::Mul(weight, hn::LoadU(d, p.weights + j + c));
                   const auto value = hn::Mul(bounded_exp(d, exponent), weights);
                   hn::StoreU(value, d, tile + r * kTile + c);
                   sums[v] = hn::Add(sums[v], value);
                 }
               });
  auto sum = sums[0];
  for (int v = 1; v < kAcross; ++v) {
    sum = hn::Add(sum, sums[v]);
  }
  return static_cast<double>(lane_sum(d, sum));
}

template <class T>
double mmd_tile(const MmdPoints<T>& p, std::int64_t row_tile, std::int64_t col_tile, T* row_sums,
                T* col_sums) {
  HWY_ALIGN T tile[kTile * kTile];
  const std::int64_t i = row_tile * kTile;
  const std::int64_t j = col_tile * kTile;
  const T* row_points = p.rows + i * p.width;
  const double sum = mmd_kernel(p, i, j, tile);
  if (row_sums != nullptr) {
    add_tile_times_rows(kTile, kTile, tile, p.rows + j * p.width, p.width, row_sums);
  }
  if (col_sums != nullptr) {
    add_tile_transposed_times_rows(kTile, tile, row_points, p.width, p.channels + 1, col_sums);
  }
  return sum;
}

}  // namespace attune::align::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
