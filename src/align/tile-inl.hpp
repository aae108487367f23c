// Products of tiles of 64 x 64. Included by kernels.cpp once an instruction set.
//
// Points come in two layouts: rows [points, width] with the width a multiple of eight, and panels
// [channels, 64], the transpose of 64 points. What pads either is zero.
#if defined(ATTUNE_ALIGN_TILE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_ALIGN_TILE_INL_HPP
#undef ATTUNE_ALIGN_TILE_INL_HPP
#else
#define ATTUNE_ALIGN_TILE_INL_HPP
#endif

#include <cstdint>
#include <utility>

#include <hwy/highway.h>

#include "align/tiles.hpp"
#include "core/exp-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::align::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
constexpr std::int64_t lanes_of() {
  return static_cast<std::int64_t>(hn::MaxLanes(D()));
}

// Vectors a row of a tile is made of, at most sixteen lanes each.
template <class T>
using TileTag = hn::CappedTag<T, 16>;

#if HWY_TARGET <= HWY_AVX3
constexpr int kAcross = 4;     // vectors of a tile row that a block of a product keeps
constexpr int kRowsDown = 16;  // rows of one vector each
#else
constexpr int kAcross = 2;
constexpr int kRowsDown = 8;
#endif

// Tiles after which sums over lanes go on in double.
constexpr std::int64_t kTilesAFlush = 16;

#if HWY_TARGET <= HWY_AVX3
// 2^y = 2^(y - floor(y)) 2^floor(y), where the processor has an instruction for either half. The
// polynomial is the one of degree five whose relative error on [0, 1) is least, 7.5e-8.
template <class D>
HWY_INLINE hn::Vec<D> exp2_of_sixteen(D d, hn::Vec<D> y) {
  constexpr int kFloor = 1;
  const hn::Vec<D> r{_mm512_reduce_ps(y.raw, kFloor)};
  auto p = hn::MulAdd(r, hn::Set(d, 0.00187757669F), hn::Set(d, 0.00898934063F));
  p = hn::MulAdd(r, p, hn::Set(d, 0.0558263175F));
  p = hn::MulAdd(r, p, hn::Set(d, 0.240153611F));
  p = hn::MulAdd(r, p, hn::Set(d, 0.693153083F));
  p = hn::MulAdd(r, p, hn::Set(d, 0.99999994F));
  return hn::Vec<D>{_mm512_scalef_ps(p.raw, y.raw)};
}
#endif

// exp(r) - 1 for |r| of at most ln 2 / 2.
template <class D>
HWY_INLINE hn::Vec<D> exp_less_one(D d, hn::Vec<D> r) {
  auto p = hn::MulAdd(r, hn::Set(d, 0.0013882521F), hn::Set(d, 0.0083665205F));
  p = hn::MulAdd(r, p, hn::Set(d, 0.0416672006F));
  p = hn::MulAdd(r, p, hn::Set(d, 0.1666654348F));
  p = hn::MulAdd(r, p, hn::Set(d, 0.4999999702F));
  return hn::MulAdd(hn::Mul(r, r), p, r);
}

// exp(x) for x of at most 88, within 2 ulp and the rounding of x; from -87 down it is 1.6e-38 or
// less, which vanishes against any sum that holds a term worth having. Half the instructions of the
// general one.
template <class D>
requires(sizeof(hn::TFromD<D>) == 4) HWY_INLINE hn::Vec<D> bounded_exp(D d, hn::Vec<D> x) {
#if HWY_TARGET <= HWY_AVX3
  if constexpr (hn::MaxLanes(D()) == 16) {
    return exp2_of_sixteen(d, hn::Mul(x, hn::Set(d, 1.44269504F)));
  }
#endif
  const hn::RebindToSigned<D> di;
  // Adding 1.5 * 2^23 rounds to an integer; 127 more leaves the exponent of 2^k in the low bits.
  const auto magic = hn::Set(d, 12582912.0F + 127.0F);
  const auto clamped = hn::Max(x, hn::Set(d, -87.0F));
  const auto shifted = hn::MulAdd(clamped, hn::Set(d, 1.44269504F), magic);
  const auto k = hn::Sub(shifted, magic);
  auto r = hn::NegMulAdd(k, hn::Set(d, 0.693359375F), clamped);
  r = hn::NegMulAdd(k, hn::Set(d, -2.12194440e-4F), r);
  const auto power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(di, shifted)));
  return hn::MulAdd(power, exp_less_one(d, r), power);
}

// 2^x for x of at most 127, alike: within 2 ulp, from -126 down 1.2e-38 or less.
template <class D>
requires(sizeof(hn::TFromD<D>) == 4) HWY_INLINE hn::Vec<D> bounded_exp2(D d, hn::Vec<D> x) {
#if HWY_TARGET <= HWY_AVX3
  if constexpr (hn::MaxLanes(D()) == 16) {
    return exp2_of_sixteen(d, x);
  }
#endif
  const hn::RebindToSigned<D> di;
  const auto magic = hn::Set(d, 12582912.0F + 127.0F);
  const auto clamped = hn::Max(x, hn::Set(d, -126.0F));
  const auto shifted = hn::Add(clamped, magic);
  const auto r = hn::Mul(hn::Sub(clamped, hn::Sub(shifted, magic)), hn::Set(d, 0.693147181F));
  const auto power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(di, shifted)));
  return hn::MulAdd(power, exp_less_one(d, r), power);
}

template <class D>
requires(sizeof(hn::TFromD<D>) == 8) HWY_INLINE hn::Vec<D> bounded_exp(D d, hn::Vec<D> x) {
  return hn::Exp(d, hn::Max(x, hn::Set(d, -700.0)));
}

template <class D>
requires(sizeof(hn::TFromD<D>) == 8) HWY_INLINE hn::Vec<D> bounded_exp2(D d, hn::Vec<D> x) {
  return bounded_exp(d, hn::Mul(x, hn::Set(d, 0.69314718055994531)));
}

template <class D>
HWY_INLINE hn::TFromD<D> lane_sum(D d, hn::Vec<D> v) {
  return hn::GetLane(hn::SumOfLanes(d, v));
}

// Calls f(d, i) for each vector of `count` elements, a multiple of 64.
template <class T, class F>
HWY_INLINE void for_vectors(std::int64_t count, const F& f) {
  const TileTag<T> d;
  for (std::int64_t i = 0; i < count; i += lanes_of<TileTag<T>>()) {
    f(d, i);
  }
}

// Calls block(std::integral_constant<int, Rows>, first) for rows in groups of Most, then four, then
// one.
template <int Most, class Block>
HWY_INLINE void in_blocks(std::int64_t count, const Block& block) {
  const std::int64_t most = count - count % Most;
  for (std::int64_t i = 0; i < most; i += Most) {
    block(std::integral_constant<int, Most>(), i);
  }
  const std::int64_t fours = Most > 4 ? count - count % 4 : most;
  for (std::int64_t i = most; i < fours; i += 4) {
    block(std::integral_constant<int, 4>(), i);
  }
  for (std::int64_t i = fours; i < count; ++i) {
    block(std::integral_constant<int, 1>(), i);
  }
}

template <int Rows, class D, class Start, class Use, class T = hn::TFromD<D>>
HWY_INLINE void row_times_panel_block(D d, std::int64_t channels, const T* HWY_RESTRICT x,
                                      std::int64_t width, const T* HWY_RESTRICT panel,
                                      const Start& start, const Use& use) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  hn::Vec<D> sum[Rows][kAcross];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < kAcross; ++v) {
      sum[r][v] = start(r, v * kLanes);
    }
  }
  for (std::int64_t c = 0; c < channels; ++c) {
    hn::Vec<D> y[kAcross];
    for (int v = 0; v < kAcross; ++v) {
      y[v] = hn::LoadU(d, panel + c * kTile + v * kLanes);
    }
    for (int r = 0; r < Rows; ++r) {
      const auto factor = hn::Set(d, x[r * width + c]);
      for (int v = 0; v < kAcross; ++v) {
        sum[r][v] = hn::MulAdd(factor, y[v], sum[r][v]);
      }
    }
  }
  // Unrolled, or the sums would go through memory.
  [&]<int... R>(std::integer_sequence<int, R...>) HWY_ATTR {
    (use(R, sum[R]), ...);
  }
  (std::make_integer_sequence<int, Rows>());
}

// Calls use(i, j, sums) with the kAcross vectors of start(i, column) plus products of row i with
// the columns of a panel from j on, for what is better done to them while they are in registers.
template <class T, class Start, class Use>
HWY_INLINE void for_products(std::int64_t rows, std::int64_t channels, const T* x,
                             std::int64_t width, const T* panel, const Start& start,
                             const Use& use) {
  const TileTag<T> d;
  using V = hn::Vec<TileTag<T>>;
  constexpr std::int64_t kStep = kAcross * lanes_of<TileTag<T>>();
  in_blocks<4>(rows, [&](auto count, std::int64_t i) HWY_ATTR {
    for (std::int64_t j = 0; j < kTile; j += kStep) {
      row_times_panel_block<decltype(count)::value>(
          d, channels, x + i * width, width, panel + j,
          [&](int r, std::int64_t c) HWY_ATTR { return start(i + r, j + c); },
          [&](int r, const V(&sums)[kAcross]) HWY_ATTR { use(i + r, j, sums); });
    }
  });
}

// out[i, j] = x[i, :] . panel[:, j]                                        [rows, 64]
template <class T>
HWY_INLINE void rows_times_panel(std::int64_t rows, std::int64_t channels, const T* x,
                                 std::int64_t width, const T* panel, T* out) {
  const TileTag<T> d;
  for_products(
      rows, channels, x, width, panel,
      [&](std::int64_t, std::int64_t) HWY_ATTR { return hn::Zero(d); },
      [&](std::int64_t i, std::int64_t j, const auto& products) HWY_ATTR {
        for (int v = 0; v < kAcross; ++v) {
          hn::StoreU(products[v], d, out + i * kTile + j + v * lanes_of<TileTag<T>>());
        }
      });
}

template <int Rows, class D, class T = hn::TFromD<D>>
HWY_INLINE void add_tile_times_rows_block(D d, std::int64_t cols, const T* HWY_RESTRICT tile,
                                          const T* HWY_RESTRICT y, std::int64_t width,
                                          T* HWY_RESTRICT out) {
  hn::Vec<D> sum[Rows];
  for (int r = 0; r < Rows; ++r) {
    sum[r] = hn::LoadU(d, out + r * width);
  }
  for (std::int64_t j = 0; j < cols; ++j) {
    const auto row = hn::LoadU(d, y + j * width);
    for (int r = 0; r < Rows; ++r) {
      sum[r] = hn::MulAdd(hn::Set(d, tile[r * kTile + j]), row, sum[r]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    hn::StoreU(sum[r], d, out + r * width);
  }
}

// out[i, :] += sum over j of tile[i, j] y[j, :]                            [rows, width]
template <class T>
HWY_INLINE void add_tile_times_rows(std::int64_t rows, std::int64_t cols, const T* tile, const T* y,
                                    std::int64_t width, T* out) {
  const auto blocks = [&](auto d) HWY_ATTR {
    in_blocks<kRowsDown>(rows, [&](auto count, std::int64_t i) HWY_ATTR {
      for (std::int64_t c = 0; c < width; c += lanes_of<decltype(d)>()) {
        add_tile_times_rows_block<decltype(count)::value>(d, cols, tile + i * kTile, y + c, width,
                                                          out + i * width + c);
      }
    });
  };
  if (width % lanes_of<TileTag<T>>() == 0) {
    blocks(TileTag<T>());
  } else {
    blocks(hn::CappedTag<T, 8>());
  }
}

template <int Channels, class D, class T = hn::TFromD<D>>
HWY_INLINE void add_tile_transposed_block(D d, std::int64_t rows, const T* HWY_RESTRICT tile,
                                          const T* HWY_RESTRICT x, std::int64_t width,
                                          T* HWY_RESTRICT panel) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  hn::Vec<D> sum[Channels][kAcross];
  for (int c = 0; c < Channels; ++c) {
    for (int v = 0; v < kAcross; ++v) {
      sum[c][v] = hn::LoadU(d, panel + c * kTile + v * kLanes);
    }
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    hn::Vec<D> w[kAcross];
    for (int v = 0; v < kAcross; ++v) {
      w[v] = hn::LoadU(d, tile + i * kTile + v * kLanes);
    }
    for (int c = 0; c < Channels; ++c) {
      const auto factor = hn::Set(d, x[i * width + c]);
      for (int v = 0; v < kAcross; ++v) {
        sum[c][v] = hn::MulAdd(factor, w[v], sum[c][v]);
      }
    }
  }
  for (int c = 0; c < Channels; ++c) {
    for (int v = 0; v < kAcross; ++v) {
      hn::StoreU(sum[c][v], d, panel + c * kTile + v * kLanes);
    }
  }
}

// panel[:, j] += sum over i of tile[i, j] x[i, :]                          [channels, 64]
template <class T>
HWY_INLINE void add_tile_transposed_times_rows(std::int64_t rows, const T* tile, const T* x,
                                               std::int64_t width, std::int64_t channels,
                                               T* panel) {
  const TileTag<T> d;
  constexpr std::int64_t kStep = kAcross * lanes_of<TileTag<T>>();
  in_blocks<4>(channels, [&](auto count, std::int64_t c) HWY_ATTR {
    for (std::int64_t j = 0; j < kTile; j += kStep) {
      add_tile_transposed_block<decltype(count)::value>(d, rows, tile + j, x + c, width,
                                                        panel + c * kTile + j);
    }
  });
}

}  // namespace attune::align::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
