// The sweeps of entropic optimal transport. Included by kernels.cpp once an instruction set.
#if defined(ATTUNE_ALIGN_OT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_ALIGN_OT_INL_HPP
#undef ATTUNE_ALIGN_OT_INL_HPP
#else
#define ATTUNE_ALIGN_OT_INL_HPP
#endif

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "align/kernels.hpp"
#include "align/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::align::HWY_NAMESPACE {

// Exponents of two that a sum of them holds without overflow.
inline constexpr int kMostExponent = 110;

// Products of a tile: those kept, or new ones in `tile`.
template <class T>
HWY_INLINE const T* ot_tile(const OtPoints<T>& p, std::int64_t row_tile, std::int64_t col_tile,
                            std::int64_t rows, T* tile) {
  if (p.products != nullptr) {
    return p.products + (row_tile * num_tiles(p.num_cols) + col_tile) * kTile * kTile;
  }
  rows_times_panel(rows, p.channels, p.rows + row_tile * kTile * p.width, p.width,
                   p.panels + col_tile * kTile * p.channels, tile);
  return tile;
}

template <class T>
HWY_INLINE std::int64_t rows_of(const OtPoints<T>& p, std::int64_t row_tile) {
  return std::min(kTile, p.num_rows - row_tile * kTile);
}

template <class T>
void ot_products(const OtPoints<T>& p, std::int64_t row_tile, T* products) {
  for (std::int64_t t = 0; t < num_tiles(p.num_cols); ++t) {
    rows_times_panel(kTile, p.channels, p.rows + row_tile * kTile * p.width, p.width,
                     p.panels + t * kTile * p.channels, products + t * kTile * kTile);
  }
}

// Sums of lanes into sums in double; clears the lanes.
template <class T>
HWY_INLINE void flush_lanes(std::int64_t rows, T* lanes, double* sums) {
  const TileTag<T> d;
  for (std::int64_t i = 0; i < rows; ++i) {
    T* lane = lanes + i * kGradientLanes;
    sums[i] += static_cast<double>(lane_sum(d, hn::Load(d, lane)));
    hn::Store(hn::Zero(d), d, lane);
  }
}

// sums[i] += the plan of the kept products of a tile over its columns, spread over lanes.
template <class T>
HWY_INLINE void ot_sum_kept(const OtPotentials<T>& f, const T* row_potentials,
                            const T* col_potentials, std::int64_t rows, const T* products,
                            T* HWY_RESTRICT sums) {
  const TileTag<T> d;
  constexpr std::int64_t kLanes = lanes_of<TileTag<T>>();
  const auto factor = hn::Set(d, f.factor);
  const auto most = hn::Set(d, T(kMostExponent));
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto row = hn::Set(d, row_potentials[i]);
    auto sum = hn::Load(d, sums + i * kGradientLanes);
    for (std::int64_t j = 0; j < kTile; j += kLanes) {
      const auto potential = hn::Add(row, hn::LoadU(d, col_potentials + j));
      const auto x = hn::MulAdd(hn::LoadU(d, products + i * kTile + j), factor, potential);
      sum = hn::Add(sum, bounded_exp2(d, hn::Min(x, most)));
    }
    hn::Store(sum, d, sums + i * kGradientLanes);
  }
}

// The same where products are not kept, of row points that were multiplied with the factor.
template <class T>
HWY_INLINE void ot_sum_new(const OtPoints<T>& p, const T* scaled_rows, const T* row_potentials,
                           const T* col_potentials, std::int64_t rows, const T* panel,
                           T* HWY_RESTRICT sums) {
  const TileTag<T> d;
  const auto most = hn::Set(d, T(kMostExponent));
  for_products(
      rows, p.channels, scaled_rows, p.width, panel,
      [&](std::int64_t i, std::int64_t j) HWY_ATTR {
        return hn::Add(hn::Set(d, row_potentials[i]), hn::LoadU(d, col_potentials + j));
      },
      [&](std::int64_t i, std::int64_t, const auto& exponents) HWY_ATTR {
        auto sum = hn::Load(d, sums + i * kGradientLanes);
        for (int v = 0; v < kAcross; ++v) {
          sum = hn::Add(sum, bounded_exp2(d, hn::Min(exponents[v], most)));
        }
        hn::Store(sum, d, sums + i * kGradientLanes);
      });
}

// sums[i] = sum over j of the plan of (i, j), where that fits.
template <class T>
HWY_INLINE void ot_sum_rows(const OtPoints<T>& p, const OtPotentials<T>& f, std::int64_t row_tile,
                            T* scaled_rows, double* sums) {
  HWY_ALIGN T lanes[kTile * kGradientLanes] = {};
  const std::int64_t rows = rows_of(p, row_tile);
  const std::int64_t tiles = num_tiles(p.num_cols);
  const T* row_potentials = f.row + row_tile * kTile;
  if (p.products == nullptr) {
    const T* points = p.rows + row_tile * kTile * p.width;
    for (std::int64_t e = 0; e < rows * p.width; ++e) {
      scaled_rows[e] = f.factor * points[e];
    }
  }
  std::fill(sums, sums + kTile, 0.0);
  for (std::int64_t t = 0; t < tiles; ++t) {
    if (p.products != nullptr) {
      ot_sum_kept(f, row_potentials, f.col + t * kTile, rows,
                  p.products + (row_tile * tiles + t) * kTile * kTile, lanes);
    } else {
      ot_sum_new(p, scaled_rows, row_potentials, f.col + t * kTile, rows,
                 p.panels + t * kTile * p.channels, lanes);
    }
    if (t % kTilesAFlush == kTilesAFlush - 1 || t + 1 == tiles) {
      flush_lanes(rows, lanes, sums);
    }
  }
}

// The same as logarithms, with a running maximum.
template <class T>
HWY_INLINE void ot_log_rows(const OtPoints<T>& p, const OtPotentials<T>& f, std::int64_t row_tile,
                            double* logs) {
  const TileTag<T> d;
  constexpr std::int64_t kLanes = lanes_of<TileTag<T>>();
  HWY_ALIGN T tile[kTile * kTile];
  double max[kTile];
  double sum[kTile] = {};
  std::fill(max, max + kTile, -std::numeric_limits<double>::infinity());
  const std::int64_t rows = rows_of(p, row_tile);
  for (std::int64_t t = 0; t < num_tiles(p.num_cols); ++t) {
    const T* products = ot_tile(p, row_tile, t, rows, tile);
    for (std::int64_t i = 0; i < rows; ++i) {
      T* row = tile + i * kTile;
      const auto potential = hn::Set(d, f.row[row_tile * kTile + i]);
      auto most = hn::Set(d, std::numeric_limits<T>::lowest());
      for (std::int64_t j = 0; j < kTile; j += kLanes) {
        const auto x = hn::MulAdd(hn::LoadU(d, products + i * kTile + j), hn::Set(d, f.factor),
                                  hn::Add(potential, hn::LoadU(d, f.col + t * kTile + j)));
        most = hn::Max(most, x);
        hn::StoreU(x, d, row + j);
      }
      const T largest = hn::GetLane(hn::MaxOfLanes(d, most));
      auto z = hn::Zero(d);
      for (std::int64_t j = 0; j < kTile; j += kLanes) {
        z = hn::Add(z, bounded_exp2(d, hn::Sub(hn::LoadU(d, row + j), hn::Set(d, largest))));
      }
      const double here = static_cast<double>(largest);
      const double added = static_cast<double>(lane_sum(d, z));
      const double top = std::max(max[i], here);
      sum[i] = sum[i] * std::exp2(max[i] - top) + added * std::exp2(here - top);
      max[i] = top;
    }
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    logs[i] = max[i] * std::numbers::ln2 + std::log(sum[i]);
  }
}

template <class T>
void ot_row_logs(const OtPoints<T>& p, const OtPotentials<T>& f, std::int64_t row_tile, T* scratch,
                 double* logs) {
  // Potentials of the update before keep the sums near one; only where they do not, which a jump of
  // eps may cause, maxima are needed.
  constexpr double kLeast = 1e-20;
  constexpr double kMost = 1e30;
  double sums[kTile];
  ot_sum_rows(p, f, row_tile, scratch, sums);
  bool fits = true;
  for (std::int64_t i = 0; i < rows_of(p, row_tile); ++i) {
    fits = fits && sums[i] > kLeast && sums[i] < kMost;
    logs[i] = std::log(sums[i]);
  }
  if (!fits) {
    ot_log_rows(p, f, row_tile, logs);
  }
}

template <class T>
void ot_plan_sums(const OtPoints<T>& p, const OtPotentials<T>& f, const OtNorms<T>& norms,
                  const T* values, std::int64_t row_tile, double* row_sums, double* row_costs,
                  double* row_values) {
  const TileTag<T> d;
  constexpr std::int64_t kLanes = lanes_of<TileTag<T>>();
  HWY_ALIGN T tile[kTile * kTile];
  HWY_ALIGN T lanes[3][kTile * kGradientLanes] = {};
  const std::int64_t rows = rows_of(p, row_tile);
  const std::int64_t tiles = num_tiles(p.num_cols);
  for (std::int64_t t = 0; t < tiles; ++t) {
    const T* products = ot_tile(p, row_tile, t, rows, tile);
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto row = hn::Set(d, f.row[row_tile * kTile + i]);
      const auto norm = hn::Set(d, norms.row[row_tile * kTile + i]);
      auto sum = hn::Load(d, lanes[0] + i * kGradientLanes);
      auto cost_sum = hn::Load(d, lanes[1] + i * kGradientLanes);
      auto value_sum = hn::Load(d, lanes[2] + i * kGradientLanes);
      for (std::int64_t j = 0; j < kTile; j += kLanes) {
        const std::int64_t col = t * kTile + j;
        const auto product = hn::LoadU(d, products + i * kTile + j);
        const auto e = bounded_exp2(
            d, hn::MulAdd(product, hn::Set(d, f.factor), hn::Add(row, hn::LoadU(d, f.col + col))));
        const auto cost = hn::Sub(hn::Add(norm, hn::LoadU(d, norms.col + col)), product);
        sum = hn::Add(sum, e);
        cost_sum = hn::MulAdd(e, cost, cost_sum);
        value_sum = hn::MulAdd(e, hn::LoadU(d, values + col), value_sum);
      }
      hn::Store(sum, d, lanes[0] + i * kGradientLanes);
      hn::Store(cost_sum, d, lanes[1] + i * kGradientLanes);
      hn::Store(value_sum, d, lanes[2] + i * kGradientLanes);
    }
    if (t % kTilesAFlush == kTilesAFlush - 1 || t + 1 == tiles) {
      flush_lanes(rows, lanes[0], row_sums);
      flush_lanes(rows, lanes[1], row_costs);
      flush_lanes(rows, lanes[2], row_values);
    }
  }
}

// Plan entries, times 1 + (row_value + col_value - cost) / eps where values are given, from the
// products of a tile, which may stand in the same place.
template <bool Through, class T>
HWY_INLINE void ot_weights(const OtPotentials<T>& f, const OtNorms<T>& norms, const T* row_values,
                           const T* col_values, std::int64_t first_row, std::int64_t first_col,
                           std::int64_t rows, const T* products, T* tile) {
  const TileTag<T> d;
  const auto inverse_eps = hn::Set(d, f.inverse_eps);
  const auto factor = hn::Set(d, f.factor);
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto row = hn::Set(d, f.row[first_row + i]);
    const auto norm = hn::Set(d, norms.row[first_row + i]);
    for (std::int64_t j = 0; j < kTile; j += lanes_of<TileTag<T>>()) {
      T* at = tile + i * kTile + j;
      const auto product = hn::LoadU(d, products + i * kTile + j);
      auto weight = bounded_exp2(
          d, hn::MulAdd(product, factor, hn::Add(row, hn::LoadU(d, f.col + first_col + j))));
      if constexpr (Through) {
        const auto cost = hn::Sub(hn::Add(norm, hn::LoadU(d, norms.col + first_col + j)), product);
        const auto value = hn::Add(hn::Set(d, row_values[first_row + i]),
                                   hn::LoadU(d, col_values + first_col + j));
        weight = hn::MulAdd(hn::Mul(weight, inverse_eps), hn::Sub(value, cost), weight);
      }
      hn::StoreU(weight, d, at);
    }
  }
}

template <class T>
void ot_backward(const OtPoints<T>& p, const OtPotentials<T>& f, const OtNorms<T>& norms,
                 const T* row_values, const T* col_values, const T* col_rows, std::int64_t row_tile,
                 T* row_sums, T* col_sums) {
  HWY_ALIGN T tile[kTile * kTile];
  const std::int64_t i = row_tile * kTile;
  const std::int64_t rows = rows_of(p, row_tile);
  for (std::int64_t t = 0; t < num_tiles(p.num_cols); ++t) {
    const std::int64_t j = t * kTile;
    const T* products = ot_tile(p, row_tile, t, rows, tile);
    if (row_values != nullptr) {
      ot_weights<true>(f, norms, row_values, col_values, i, j, rows, products, tile);
    } else {
      ot_weights<false>(f, norms, row_values, col_values, i, j, rows, products, tile);
    }
    add_tile_times_rows(rows, std::min(kTile, p.num_cols - j), tile, col_rows + j * p.width,
                        p.width, row_sums);
    add_tile_transposed_times_rows(rows, tile, p.rows + i * p.width, p.width, p.channels + 1,
                                   col_sums + j * (p.channels + 1));
  }
}

}  // namespace attune::align::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
