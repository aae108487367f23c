// Points between rows and panels. Included by kernels.cpp once an instruction set.
#if defined(ATTUNE_ALIGN_TRANSPOSE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_ALIGN_TRANSPOSE_INL_HPP
#undef ATTUNE_ALIGN_TRANSPOSE_INL_HPP
#else
#define ATTUNE_ALIGN_TRANSPOSE_INL_HPP
#endif

#include <algorithm>

#include "align/kernels.hpp"
#include "align/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::align::HWY_NAMESPACE {

// Squares of four points and four channels, in float32; float64, which only checks run in, and
// what is left over go element by element.
constexpr std::int64_t kSquare = 4;

#if HWY_TARGET == HWY_SCALAR
template <class T>
constexpr bool kHasSquares = false;

template <class T>
HWY_INLINE void load_square(const RowsInMemory<const T>&, std::int64_t, std::int64_t, T*) {}
template <class T>
HWY_INLINE void store_square(const T*, std::int64_t, std::int64_t, const RowsInMemory<T>&) {}
#else
template <class T>
constexpr bool kHasSquares = sizeof(T) == sizeof(float);

template <class D, class V = hn::Vec<D> >
HWY_INLINE void transpose(D d, V* HWY_RESTRICT v) {
  const hn::Repartition<double, D> pairs;
  const auto low = [&](V a, V b) HWY_ATTR {
    return hn::BitCast(d, hn::InterleaveLower(pairs, hn::BitCast(pairs, a), hn::BitCast(pairs, b)));
  };
  const auto high = [&](V a, V b) HWY_ATTR {
    return hn::BitCast(d, hn::InterleaveUpper(pairs, hn::BitCast(pairs, a), hn::BitCast(pairs, b)));
  };
  const V ab_low = hn::InterleaveLower(d, v[0], v[1]);
  const V ab_high = hn::InterleaveUpper(d, v[0], v[1]);
  const V cd_low = hn::InterleaveLower(d, v[2], v[3]);
  const V cd_high = hn::InterleaveUpper(d, v[2], v[3]);
  v[0] = low(ab_low, cd_low);
  v[1] = high(ab_low, cd_low);
  v[2] = low(ab_high, cd_high);
  v[3] = high(ab_high, cd_high);
}

template <class T>
HWY_INLINE void load_square(const RowsInMemory<const T>& rows, std::int64_t i, std::int64_t c,
                            T* panel) {
  const hn::CappedTag<T, kSquare> d;
  hn::Vec<decltype(d)> v[kSquare];
  for (std::int64_t k = 0; k < kSquare; ++k) {
    v[k] = hn::LoadU(d, rows.row(i + k) + c);
  }
  transpose(d, v);
  for (std::int64_t k = 0; k < kSquare; ++k) {
    hn::StoreU(v[k], d, panel + (c + k) * kTile + i);
  }
}

template <class T>
HWY_INLINE void store_square(const T* panel, std::int64_t i, std::int64_t c,
                             const RowsInMemory<T>& rows) {
  const hn::CappedTag<T, kSquare> d;
  hn::Vec<decltype(d)> v[kSquare];
  for (std::int64_t k = 0; k < kSquare; ++k) {
    v[k] = hn::LoadU(d, panel + (c + k) * kTile + i);
  }
  transpose(d, v);
  for (std::int64_t k = 0; k < kSquare; ++k) {
    hn::StoreU(v[k], d, rows.row(i + k) + c);
  }
}
#endif

template <class T>
void load_panel(const RowsInMemory<const T>& rows, std::int64_t count, std::int64_t channels,
                T* panel) {
  const std::int64_t whole_rows = kHasSquares<T> ? count - count % kSquare : 0;
  const std::int64_t whole_channels = kHasSquares<T> ? channels - channels % kSquare : 0;
  if constexpr (kHasSquares<T>) {
    for (std::int64_t i = 0; i < whole_rows; i += kSquare) {
      for (std::int64_t c = 0; c < whole_channels; c += kSquare) {
        load_square(rows, i, c, panel);
      }
    }
  }
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t c = i < whole_rows ? whole_channels : 0; c < channels; ++c) {
      panel[c * kTile + i] = rows.row(i)[c];
    }
  }
  for (std::int64_t c = 0; count < kTile && c < channels; ++c) {
    std::fill(panel + c * kTile + count, panel + (c + 1) * kTile, T(0));
  }
}

template <class T>
void store_panel(const T* panel, std::int64_t count, std::int64_t channels,
                 const RowsInMemory<T>& rows) {
  const std::int64_t whole_rows = kHasSquares<T> ? count - count % kSquare : 0;
  const std::int64_t whole_channels = kHasSquares<T> ? channels - channels % kSquare : 0;
  if constexpr (kHasSquares<T>) {
    for (std::int64_t i = 0; i < whole_rows; i += kSquare) {
      for (std::int64_t c = 0; c < whole_channels; c += kSquare) {
        store_square(panel, i, c, rows);
      }
    }
  }
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t c = i < whole_rows ? whole_channels : 0; c < channels; ++c) {
      rows.row(i)[c] = panel[c * kTile + i];
    }
  }
}

}  // namespace attune::align::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
