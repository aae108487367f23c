// The sweep of the maximum mean discrepancy. Included by kernels.cpp once an instruction set.
#if defined(ATTUNE_ALIGN_MMD_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_ALIGN_MMD_INL_HPP
#undef ATTUNE_ALIGN_MMD_INL_HPP
#else
#define ATTUNE_ALIGN_MMD_INL_HPP
#endif

#include <cstring>

#include "align/kernels.hpp"
#include "align/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::align::HWY_NAMESPACE {

// Kernel values of a tile; returns their sum. Adds them, times the weight of the column tile, to
// row_totals [64, kTotalLanes] spread over lanes, and, times that of the row tile, to
// col_totals [64]; either may be null.
template <class T>
HWY_INLINE double mmd_kernel(const MmdPoints<T>& p, std::int64_t row_tile, std::int64_t col_tile,
                             T* HWY_RESTRICT tile, T* row_totals, T* col_totals) {
  const TileTag<T> d;
  using V = hn::Vec<TileTag<T>>;
  constexpr std::int64_t kLanes = lanes_of<TileTag<T>>();
  constexpr std::int64_t kVectors = kTile / kLanes;
  const T* row_norms = p.half_norms + row_tile * kTile;
  const T* col_norms = p.half_norms + col_tile * kTile;
  const auto col_weight = hn::Set(d, static_cast<T>(p.tile_weights[col_tile]));
  V columns[kVectors];
  for (V& column : columns) {
    column = hn::Zero(d);
  }
  for_products(
      kTile, p.channels, p.rows + row_tile * kTile * p.width, p.width,
      p.panels + col_tile * kTile * p.channels,
      [&](std::int64_t r, std::int64_t first)
          HWY_ATTR { return hn::Add(hn::Set(d, row_norms[r]), hn::LoadU(d, col_norms + first)); },
      [&](std::int64_t r, std::int64_t first, const auto& exponents) HWY_ATTR {
        V total = hn::Zero(d);
        for (int v = 0; v < kAcross; ++v) {
          const std::int64_t c = first + v * kLanes;
          // Rounding may leave a distance below zero; the kernel is at most one.
          const auto value = bounded_exp2(d, hn::Min(exponents[v], hn::Zero(d)));
          hn::StoreU(value, d, tile + r * kTile + c);
          columns[c / kLanes] = hn::Add(columns[c / kLanes], value);
          total = hn::Add(total, value);
        }
        if (row_totals != nullptr) {
          T* out = row_totals + r * kTotalLanes;
          hn::StoreU(hn::MulAdd(col_weight, total, hn::LoadU(d, out)), d, out);
        }
      });
  const auto row_weight = hn::Set(d, static_cast<T>(p.tile_weights[row_tile]));
  V sum = hn::Zero(d);
  for (std::int64_t v = 0; v < kVectors; ++v) {
    sum = hn::Add(sum, columns[v]);
    if (col_totals != nullptr) {
      T* out = col_totals + v * kLanes;
      hn::StoreU(hn::MulAdd(row_weight, columns[v], hn::LoadU(d, out)), d, out);
    }
  }
  return static_cast<double>(lane_sum(d, sum));
}

// Whether sums over a row of a tile go two columns at a time: eight channels would leave half of
// such a vector empty.
template <class T>
constexpr bool sums_pairs() {
  return sizeof(T) == 4 && lanes_of<TileTag<T>>() == 16;
}

#if HWY_TARGET <= HWY_AVX3
// row_sums[i, :8] += sum over j of tile[i, j] y[j, :]. Lane 2 c + p of a sum is for channel c and
// the columns of parity p.
HWY_INLINE void add_tile_times_pairs(const float* HWY_RESTRICT tile, const float* HWY_RESTRICT y,
                                     float* HWY_RESTRICT row_sums) {
  constexpr int kRows = 16;
  const TileTag<float> d;
  const hn::Half<TileTag<float>> half;
  const hn::Repartition<double, TileTag<float>> two;
  const auto channels_first =
      _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
  for (std::int64_t i = 0; i < kTile; i += kRows) {
    hn::Vec<TileTag<float>> sum[kRows];
    for (int r = 0; r < kRows; ++r) {
      sum[r] = hn::Zero(d);
    }
    for (std::int64_t j = 0; j < kTile; j += 2) {
      const auto points = hn::LoadU(d, y + j * 8);
      for (int r = 0; r < kRows; ++r) {
        double pair;
        std::memcpy(&pair, tile + (i + r) * kTile + j, sizeof(pair));
        sum[r] = hn::MulAdd(hn::BitCast(d, hn::Set(two, pair)), points, sum[r]);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      const hn::Vec<TileTag<float>> parities{_mm512_permutexvar_ps(channels_first, sum[r].raw)};
      const auto both = hn::Add(hn::LowerHalf(half, parities), hn::UpperHalf(half, parities));
      float* out = row_sums + (i + r) * 8;
      hn::StoreU(hn::Add(hn::LoadU(half, out), both), half, out);
    }
  }
}
#endif

template <class T>
HWY_INLINE void add_to_row_sums(const MmdPoints<T>& p, std::int64_t j, const T* tile, T* row_sums) {
#if HWY_TARGET <= HWY_AVX3
  if constexpr (sums_pairs<T>()) {
    if (p.weighted_pairs != nullptr) {
      add_tile_times_pairs(tile, p.weighted_pairs + j * 8, row_sums);
      return;
    }
  }
#endif
  add_tile_times_rows(kTile, kTile, tile, p.weighted_rows + j * p.width, p.width, row_sums);
}

template <class T>
double mmd_tile(const MmdPoints<T>& p, std::int64_t row_tile, std::int64_t col_tile,
                const MmdSums<T>& sums) {
  HWY_ALIGN T tile[kTile * kTile];
  T* col_totals = sums.cols != nullptr ? sums.cols + p.channels * kTile : nullptr;
  const double sum = mmd_kernel(p, row_tile, col_tile, tile, sums.row_totals, col_totals);
  if (sums.rows != nullptr) {
    add_to_row_sums(p, col_tile * kTile, tile, sums.rows);
  }
  if (sums.cols != nullptr) {
    add_tile_transposed_times_rows(kTile, tile, p.weighted_rows + row_tile * kTile * p.width,
                                   p.width, p.channels, sums.cols);
  }
  return sum;
}

}  // namespace attune::align::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
