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

// Whether sums over a row of a tile go two columns at a time: eight channels would leave half of
// such a vector empty.
template <class T>
constexpr bool sums_pairs() {
  return sizeof(T) == 4 && lanes_of<TileTag<T>>() == 16;
}

#if HWY_TARGET <= HWY_AVX3
// row_sums[i, :8] += sum over j of tile[i, j] y[j, :], and row_sums[i, 8:] += parts of the sum of
// tile[i, :]. Lane 2 c + p of a sum is for channel c and the columns of parity p.
HWY_INLINE void add_tile_times_pairs(const float* HWY_RESTRICT tile, const float* HWY_RESTRICT y,
                                     float* HWY_RESTRICT row_sums) {
  constexpr int kRows = 16;
  const TileTag<float> d;
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
      const float* row = tile + (i + r) * kTile;
      const auto total = hn::Add(hn::Add(hn::LoadU(d, row), hn::LoadU(d, row + 16)),
                                 hn::Add(hn::LoadU(d, row + 32), hn::LoadU(d, row + 48)));
      const __m512 halves = _mm512_permutexvar_ps(channels_first, sum[r].raw);
      // The lower halves in one vector, the upper halves in another: channels, then the total.
      const __m512 low = _mm512_shuffle_f32x4(halves, total.raw, 0x44);
      const __m512 high = _mm512_shuffle_f32x4(halves, total.raw, 0xEE);
      float* out = row_sums + (i + r) * 16;
      hn::StoreU(hn::Add(hn::LoadU(d, out), hn::Vec<TileTag<float>>{_mm512_add_ps(low, high)}), d,
                 out);
    }
  }
}
#endif

template <class T>
HWY_INLINE void add_to_row_sums(const MmdPoints<T>& p, std::int64_t j, const T* tile, T* row_sums) {
#if HWY_TARGET <= HWY_AVX3
  if constexpr (sums_pairs<T>()) {
    if (p.pairs != nullptr) {
      add_tile_times_pairs(tile, p.pairs + j * 8, row_sums);
      return;
    }
  }
#endif
  add_tile_times_rows(kTile, kTile, tile, p.rows + j * p.width, p.width, row_sums);
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
    add_to_row_sums(p, j, tile, row_sums);
  }
  if (col_sums != nullptr) {
    add_tile_transposed_times_rows(kTile, tile, row_points, p.width, p.channels + 1, col_sums);
  }
  return sum;
}

}  // namespace attune::align::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
