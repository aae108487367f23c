// The sweeps of conditional transport. Included by kernels.cpp once an instruction set.
#if defined(ATTUNE_ALIGN_CT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_ALIGN_CT_INL_HPP
#undef ATTUNE_ALIGN_CT_INL_HPP
#else
#define ATTUNE_ALIGN_CT_INL_HPP
#endif

#include <algorithm>
#include <cmath>
#include <limits>

#include "align/kernels.hpp"
#include "align/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::align::HWY_NAMESPACE {

struct CosineCost {
  // From the cosine of two unit vectors to what the sums average: the cosine itself.
  template <class D>
  static HWY_INLINE hn::Vec<D> of(D /*d*/, hn::Vec<D> cosine) {
    return cosine;
  }
  // Derivative with respect to the cosine, times the weight of the pair.
  template <class D>
  static HWY_INLINE hn::Vec<D> slope(D /*d*/, hn::Vec<D> /*cost*/, hn::Vec<D> weight) {
    return weight;
  }
  // The weights arrive with the sign of dC/dcosine, -1, which the sums of cosines have as well.
  template <class D>
  static HWY_INLINE hn::Vec<D> of_logit(D /*d*/, hn::Vec<D> grad) {
    return grad;
  }
};

// Distance of the unit vectors; its slope is that of 1 - cosine over the distance, and 0 where the
// floor acts.
struct ChordCost {
  static constexpr double kFloor = 1e-12;

  template <class D>
  static HWY_INLINE hn::Vec<D> of(D d, hn::Vec<D> cosine) {
    using T = hn::TFromD<D>;
    const auto two = hn::Set(d, T(2));
    const auto square = hn::NegMulAdd(two, cosine, two);
    return hn::Sqrt(hn::Max(square, hn::Set(d, static_cast<T>(kFloor))));
  }
  template <class D>
  static HWY_INLINE hn::Vec<D> slope(D d, hn::Vec<D> cost, hn::Vec<D> weight) {
    using T = hn::TFromD<D>;
    const auto floor = hn::Sqrt(hn::Set(d, static_cast<T>(kFloor)));
    return hn::IfThenElseZero(hn::Gt(cost, floor), hn::Div(weight, cost));
  }
  template <class D>
  static HWY_INLINE hn::Vec<D> of_logit(D /*d*/, hn::Vec<D> grad) {
    return hn::Neg(grad);
  }
};

// Logits and cosines of the tile (row_tile, col_tile); columns beyond the last key get no plan.
template <class T>
HWY_INLINE void ct_products(const CtPoints<T>& p, std::int64_t row_tile, std::int64_t col_tile,
                            std::int64_t rows, std::int64_t cols, T* logits, T* cosines) {
  const std::int64_t i = row_tile * kTile;
  const std::int64_t j = col_tile * kTile;
  rows_times_panel(rows, p.nav_channels, p.query_nav + i * p.nav_width, p.nav_width,
                   p.key_nav_panels + j * p.nav_channels, logits);
  rows_times_panel(rows, p.unit_channels, p.query_unit + i * p.unit_width, p.unit_width,
                   p.key_unit_panels + j * p.unit_channels, cosines);
  if (cols < kTile) {
    for (std::int64_t r = 0; r < rows; ++r) {
      std::fill(logits + r * kTile + cols, logits + (r + 1) * kTile, static_cast<T>(kVanishes));
    }
  }
}

// Sums over lanes that rows of a tile keep from one tile to the next.
template <class T>
struct RowLanes {
  HWY_ALIGN T z[kTile * kGradientLanes];
  HWY_ALIGN T y[kTile * kGradientLanes];

  HWY_INLINE void clear() {
    std::fill(z, z + kTile * kGradientLanes, T(0));
    std::fill(y, y + kTile * kGradientLanes, T(0));
  }

  HWY_INLINE void flush(std::int64_t rows, double* row_z, double* row_y) {
    const TileTag<T> d;
    for (std::int64_t i = 0; i < rows; ++i) {
      row_z[i] += static_cast<double>(lane_sum(d, hn::Load(d, z + i * kGradientLanes)));
      row_y[i] += static_cast<double>(lane_sum(d, hn::Load(d, y + i * kGradientLanes)));
    }
    clear();
  }
};

// Adds exp(logit) and exp(logit) cost to the sums of each row and column of a tile. Keep: leaves
// the exponentials in place of the logits.
template <class Cost, bool Keep, class T>
HWY_INLINE void ct_add_sums(std::int64_t rows, T* logits, const T* cosines, RowLanes<T>& row_sums,
                            double* col_z, double* col_y) {
  const TileTag<T> d;
  constexpr std::int64_t kLanes = lanes_of<TileTag<T>>();
  using V = hn::Vec<TileTag<T>>;
  for (std::int64_t j = 0; j < kTile; j += kAcross * kLanes) {
    V z_of_col[kAcross];
    V y_of_col[kAcross];
    for (int v = 0; v < kAcross; ++v) {
      z_of_col[v] = hn::Zero(d);
      y_of_col[v] = hn::Zero(d);
    }
    for (std::int64_t i = 0; i < rows; ++i) {
      auto z = hn::Load(d, row_sums.z + i * kGradientLanes);
      auto y = hn::Load(d, row_sums.y + i * kGradientLanes);
      for (int v = 0; v < kAcross; ++v) {
        const std::int64_t at = i * kTile + j + v * kLanes;
        const auto e = bounded_exp(d, hn::LoadU(d, logits + at));
        const auto cost = Cost::of(d, hn::LoadU(d, cosines + at));
        if constexpr (Keep) {
          hn::StoreU(e, d, logits + at);
        }
        z = hn::Add(z, e);
        y = hn::MulAdd(e, cost, y);
        z_of_col[v] = hn::Add(z_of_col[v], e);
        y_of_col[v] = hn::MulAdd(e, cost, y_of_col[v]);
      }
      hn::Store(z, d, row_sums.z + i * kGradientLanes);
      hn::Store(y, d, row_sums.y + i * kGradientLanes);
    }
    HWY_ALIGN T sums[2][kAcross * kLanes];
    for (int v = 0; v < kAcross; ++v) {
      hn::Store(z_of_col[v], d, sums[0] + v * kLanes);
      hn::Store(y_of_col[v], d, sums[1] + v * kLanes);
    }
    for (std::int64_t c = 0; c < kAcross * kLanes; ++c) {
      col_z[j + c] += static_cast<double>(sums[0][c]);
      col_y[j + c] += static_cast<double>(sums[1][c]);
    }
  }
}

template <class Cost, class T>
HWY_INLINE void ct_forward_bounded(const CtPoints<T>& p, std::int64_t row_tile, const CtSums& sums,
                                   T* kept) {
  HWY_ALIGN T room[2 * kTile * kTile];
  RowLanes<T> row_sums;
  row_sums.clear();
  const std::int64_t rows = std::min(kTile, p.num_queries - row_tile * kTile);
  const std::int64_t tiles = num_tiles(p.num_keys);
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    T* logits = kept != nullptr ? kept + tile * 2 * kTile * kTile : room;
    T* cosines = logits + kTile * kTile;
    ct_products(p, row_tile, tile, rows, std::min(kTile, p.num_keys - tile * kTile), logits,
                cosines);
    double* z = sums.col_z + tile * kTile;
    double* y = sums.col_y + tile * kTile;
    if (kept != nullptr) {
      ct_add_sums<Cost, true>(rows, logits, cosines, row_sums, z, y);
    } else {
      ct_add_sums<Cost, false>(rows, logits, cosines, row_sums, z, y);
    }
    if (tile % kTilesAFlush == kTilesAFlush - 1 || tile + 1 == tiles) {
      row_sums.flush(rows, sums.row_z, sums.row_y);
    }
  }
}

// The running sums of one row or column after it has seen the logits of a tile.
HWY_INLINE void fold(double max, double z_add, double y_add, double& m, double& z, double& y) {
  if (max > m) {
    const double scale = std::exp(m - max);
    z *= scale;
    y *= scale;
    m = max;
  }
  const double scale = std::exp(max - m);
  z += scale * z_add;
  y += scale * y_add;
}

// The same without a bound on the logits: maxima run along with the sums.
template <class Cost, class T>
HWY_INLINE void ct_fold_rows(std::int64_t rows, const T* logits, const T* cosines,
                             const CtSums& sums) {
  const TileTag<T> d;
  constexpr std::int64_t kLanes = lanes_of<TileTag<T>>();
  for (std::int64_t i = 0; i < rows; ++i) {
    auto most = hn::LoadU(d, logits + i * kTile);
    for (std::int64_t j = kLanes; j < kTile; j += kLanes) {
      most = hn::Max(most, hn::LoadU(d, logits + i * kTile + j));
    }
    const T max = hn::GetLane(hn::MaxOfLanes(d, most));
    auto z = hn::Zero(d);
    auto y = hn::Zero(d);
    for (std::int64_t j = 0; j < kTile; j += kLanes) {
      const auto e = bounded_exp(d, hn::Sub(hn::LoadU(d, logits + i * kTile + j), hn::Set(d, max)));
      z = hn::Add(z, e);
      y = hn::MulAdd(e, Cost::of(d, hn::LoadU(d, cosines + i * kTile + j)), y);
    }
    fold(static_cast<double>(max), static_cast<double>(lane_sum(d, z)),
         static_cast<double>(lane_sum(d, y)), sums.row_max[i], sums.row_z[i], sums.row_y[i]);
  }
}

template <class Cost, class T>
HWY_INLINE void ct_fold_columns(std::int64_t rows, std::int64_t cols, const T* logits,
                                const T* cosines, double* col_max, double* col_z, double* col_y) {
  const TileTag<T> d;
  constexpr std::int64_t kLanes = lanes_of<TileTag<T>>();
  HWY_ALIGN T max[kTile];
  HWY_ALIGN T z[kTile];
  HWY_ALIGN T y[kTile];
  for (std::int64_t j = 0; j < kTile; j += kLanes) {
    auto most = hn::LoadU(d, logits + j);
    for (std::int64_t i = 1; i < rows; ++i) {
      most = hn::Max(most, hn::LoadU(d, logits + i * kTile + j));
    }
    auto z_of_col = hn::Zero(d);
    auto y_of_col = hn::Zero(d);
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto e = bounded_exp(d, hn::Sub(hn::LoadU(d, logits + i * kTile + j), most));
      z_of_col = hn::Add(z_of_col, e);
      y_of_col = hn::MulAdd(e, Cost::of(d, hn::LoadU(d, cosines + i * kTile + j)), y_of_col);
    }
    hn::Store(most, d, max + j);
    hn::Store(z_of_col, d, z + j);
    hn::Store(y_of_col, d, y + j);
  }
  for (std::int64_t j = 0; j < cols; ++j) {
    fold(static_cast<double>(max[j]), static_cast<double>(z[j]), static_cast<double>(y[j]),
         col_max[j], col_z[j], col_y[j]);
  }
}

template <class Cost, class T>
HWY_INLINE void ct_forward_unbounded(const CtPoints<T>& p, std::int64_t row_tile,
                                     const CtSums& sums) {
  HWY_ALIGN T logits[kTile * kTile];
  HWY_ALIGN T cosines[kTile * kTile];
  const std::int64_t rows = std::min(kTile, p.num_queries - row_tile * kTile);
  for (std::int64_t tile = 0; tile < num_tiles(p.num_keys); ++tile) {
    const std::int64_t j = tile * kTile;
    const std::int64_t cols = std::min(kTile, p.num_keys - j);
    ct_products(p, row_tile, tile, rows, cols, logits, cosines);
    ct_fold_rows<Cost>(rows, logits, cosines, sums);
    ct_fold_columns<Cost>(rows, cols, logits, cosines, sums.col_max + j, sums.col_z + j,
                          sums.col_y + j);
  }
}

template <class T>
void ct_forward(const CtPoints<T>& p, std::int64_t row_tile, const CtSums& sums, T* kept) {
  if (p.bounded && p.chord) {
    ct_forward_bounded<ChordCost>(p, row_tile, sums, kept);
  } else if (p.bounded) {
    ct_forward_bounded<CosineCost>(p, row_tile, sums, kept);
  } else if (p.chord) {
    ct_forward_unbounded<ChordCost>(p, row_tile, sums);
  } else {
    ct_forward_unbounded<CosineCost>(p, row_tile, sums);
  }
}

// From logits and cosines of a tile to the derivatives of the loss with respect to both, in place.
//
//     p = row_factor exp(S - row_log),  t = col_factor exp(S - col_log)
//     dS = p (C - row_mean) + t (C - col_mean),  dc = slope(p + t)
//
// with negative factors, and dS turned round where C is a distance and not a cosine. Bounded: one
// exponential serves both, exp(S), and the factors hold the rest; the logs are not read. Kept: the
// exponentials are there instead of the logits.
template <class Cost, bool Bounded, bool Kept, class T>
HWY_INLINE void ct_derivatives(std::int64_t rows, const CtPlan<T>& plan, std::int64_t first_row,
                               std::int64_t first_col, T* logits, T* cosines) {
  const TileTag<T> d;
  constexpr std::int64_t kLanes = lanes_of<TileTag<T>>();
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto row_factor = hn::Set(d, plan.row_factor[first_row + i]);
    const auto row_mean = hn::Set(d, plan.row_mean[first_row + i]);
    const auto row_log = hn::Set(d, Bounded ? T(0) : plan.row_log[first_row + i]);
    for (std::int64_t j = 0; j < kTile; j += kLanes) {
      T* logit = logits + i * kTile + j;
      T* cosine = cosines + i * kTile + j;
      const auto s = hn::LoadU(d, logit);
      const auto cost = Cost::of(d, hn::LoadU(d, cosine));
      const auto col_factor = hn::LoadU(d, plan.col_factor + first_col + j);
      const auto from_row = hn::Sub(cost, row_mean);
      const auto from_col = hn::Sub(cost, hn::LoadU(d, plan.col_mean + first_col + j));
      hn::Vec<TileTag<T>> weight;
      hn::Vec<TileTag<T>> grad;
      if constexpr (Bounded) {
        const auto e = Kept ? s : bounded_exp(d, s);
        weight = hn::Mul(e, hn::Add(row_factor, col_factor));
        grad = hn::Mul(e, hn::MulAdd(row_factor, from_row, hn::Mul(col_factor, from_col)));
      } else {
        const auto col_log = hn::LoadU(d, plan.col_log + first_col + j);
        const auto p = hn::Mul(row_factor, bounded_exp(d, hn::Sub(s, row_log)));
        const auto t = hn::Mul(col_factor, bounded_exp(d, hn::Sub(s, col_log)));
        weight = hn::Add(p, t);
        grad = hn::MulAdd(p, from_row, hn::Mul(t, from_col));
      }
      hn::StoreU(Cost::of_logit(d, grad), d, logit);
      hn::StoreU(Cost::slope(d, cost, weight), d, cosine);
    }
  }
}

template <class Cost, bool Bounded, bool Kept, class T>
HWY_INLINE void ct_backward_tiles(const CtPoints<T>& p, const CtPlan<T>& plan,
                                  std::int64_t row_tile, const CtGradients<T>& grads, T* kept) {
  HWY_ALIGN T room[Kept ? 1 : 2 * kTile * kTile];
  const std::int64_t i = row_tile * kTile;
  const std::int64_t rows = std::min(kTile, p.num_queries - i);
  for (std::int64_t tile = 0; tile < num_tiles(p.num_keys); ++tile) {
    const std::int64_t j = tile * kTile;
    const std::int64_t cols = std::min(kTile, p.num_keys - j);
    T* logits = Kept ? kept + tile * 2 * kTile * kTile : room;
    T* cosines = logits + kTile * kTile;
    if constexpr (!Kept) {
      ct_products(p, row_tile, tile, rows, cols, logits, cosines);
    }
    ct_derivatives<Cost, Bounded, Kept>(rows, plan, i, j, logits, cosines);
    add_tile_times_rows(rows, cols, logits, p.key_nav + j * p.nav_width, p.nav_width,
                        grads.query_nav);
    add_tile_times_rows(rows, cols, cosines, p.key_unit + j * p.unit_width, p.unit_width,
                        grads.query_unit);
    add_tile_transposed_times_rows(rows, logits, p.query_nav + i * p.nav_width, p.nav_width,
                                   p.nav_channels, grads.key_nav + j * p.nav_channels);
    add_tile_transposed_times_rows(rows, cosines, p.query_unit + i * p.unit_width, p.unit_width,
                                   p.unit_channels, grads.key_unit + j * p.unit_channels);
  }
}

template <class Cost, class T>
HWY_INLINE void ct_backward_of(const CtPoints<T>& p, const CtPlan<T>& plan, std::int64_t row_tile,
                               const CtGradients<T>& grads, T* kept) {
  if (!p.bounded) {
    ct_backward_tiles<Cost, false, false>(p, plan, row_tile, grads, kept);
  } else if (kept == nullptr) {
    ct_backward_tiles<Cost, true, false>(p, plan, row_tile, grads, kept);
  } else {
    ct_backward_tiles<Cost, true, true>(p, plan, row_tile, grads, kept);
  }
}

template <class T>
void ct_backward(const CtPoints<T>& p, const CtPlan<T>& plan, std::int64_t row_tile,
                 const CtGradients<T>& grads, T* kept) {
  if (p.chord) {
    ct_backward_of<ChordCost>(p, plan, row_tile, grads, kept);
  } else {
    ct_backward_of<CosineCost>(p, plan, row_tile, grads, kept);
  }
}

// v -> v / max(|v|, floor), point by point; norms: |v|.
template <class T>
void unit_panel(std::int64_t channels, T* panel, T* norms) {
  for_vectors<T>(kTile, [&](auto d, std::int64_t j) HWY_ATTR {
    auto square = hn::Zero(d);
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto v = hn::LoadU(d, panel + c * kTile + j);
      square = hn::MulAdd(v, v, square);
    }
    const auto norm = hn::Sqrt(square);
    const auto scale = hn::Div(hn::Set(d, T(1)), hn::Max(norm, hn::Set(d, T(kNormFloor))));
    for (std::int64_t c = 0; c < channels; ++c) {
      T* v = panel + c * kTile + j;
      hn::StoreU(hn::Mul(hn::LoadU(d, v), scale), d, v);
    }
    hn::StoreU(norm, d, norms + j);
  });
}

// The derivative of unit_panel, in place: (g - u <u, g>) / |v|, or g / floor below it.
template <class T>
void unit_panel_backward(std::int64_t channels, const T* unit, const T* norms, T* grad) {
  for_vectors<T>(kTile, [&](auto d, std::int64_t j) HWY_ATTR {
    const auto floor = hn::Set(d, T(kNormFloor));
    const auto norm = hn::LoadU(d, norms + j);
    auto along = hn::Zero(d);
    for (std::int64_t c = 0; c < channels; ++c) {
      along =
          hn::MulAdd(hn::LoadU(d, unit + c * kTile + j), hn::LoadU(d, grad + c * kTile + j), along);
    }
    along = hn::IfThenElseZero(hn::Gt(norm, floor), along);
    const auto scale = hn::Div(hn::Set(d, T(1)), hn::Max(norm, floor));
    for (std::int64_t c = 0; c < channels; ++c) {
      T* g = grad + c * kTile + j;
      const auto u = hn::LoadU(d, unit + c * kTile + j);
      hn::StoreU(hn::Mul(hn::NegMulAdd(u, along, hn::LoadU(d, g)), scale), d, g);
    }
  });
}

}  // namespace attune::align::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
