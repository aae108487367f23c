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

// From products z_i . z_j to weighted kernel values, in place; returns their sum.
template <class T>
HWY_INLINE double weigh_kernel(std::int64_t rows, const T* row_norms, const T* row_weights,
                               const T* col_norms, const T* col_weights, T* HWY_RESTRICT tile) {
  const TileTag<T> d;
  constexpr std::int64_t kLanes = lanes_of<TileTag<T>>();
  auto sum = hn::Zero(d);
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto norm = hn::Set(d, row_norms[i]);
    const auto weight = hn::Set(d, row_weights[i]);
    T* row = tile + i * kTile;
    for (std::int64_t j = 0; j < kTile; j += kLanes) {
      // Rounding may leave a distance below zero; the kernel is at most one.
      const auto exponent = hn::Min(
          hn::Add(hn::LoadU(d, row + j), hn::Add(norm, hn::LoadU(d, col_norms + j))), hn::Zero(d));
      const auto value =
          hn::Mul(bounded_exp(d, exponent), hn::Mul(weight, hn::LoadU(d, col_weights + j)));
      hn::StoreU(value, d, row + j);
      sum = hn::Add(sum, value);
    }
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
  rows_times_panel(kTile, p.channels, row_points, p.width, p.panels + j * p.channels, tile);
  const double sum =
      weigh_kernel(kTile, p.half_norms + i, p.weights + i, p.half_norms + j, p.weights + j, tile);
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
