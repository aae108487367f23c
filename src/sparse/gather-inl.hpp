// Loops that read rows of node features by column index. Included by kernels.cpp once an
// instruction set.
#if defined(ATTUNE_SPARSE_GATHER_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_SPARSE_GATHER_INL_HPP
#undef ATTUNE_SPARSE_GATHER_INL_HPP
#else
#define ATTUNE_SPARSE_GATHER_INL_HPP
#endif

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

#include "sparse/ahead-inl.hpp"
#include "sparse/kernels.hpp"
#include "sparse/square-inl.hpp"
#include "sparse/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::sparse::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Vectors a loop keeps its sums in: half of the registers.
constexpr int kUnits = HWY_TARGET <= HWY_AVX3 ? 16 : 8;

// As many vectors as there may be have one weight.
constexpr int kOneWeight = 1 << 30;

// Sums of one row for `Units` vectors: vector u starts `step` numbers after vector u - 1, and
// `Share` of them after each other have one weight.
template <bool Adds, int Units, bool Whole, int Share, class D, class T = hn::TFromD<D>>
HWY_INLINE void sum_row(D d, const std::int32_t* col_idx, std::int64_t degree,
                        const Ahead<T>& ahead, std::int64_t heads, std::int64_t width,
                        const T* weight, const T* in, std::int64_t step, std::int64_t lanes,
                        T* out) {
  hn::Vec<D> sum[Units];
  for (int u = 0; u < Units; ++u) {
    sum[u] = Adds ? load_first<Whole>(d, out + u * step, lanes) : hn::Zero(d);
  }
  for (std::int64_t e = 0; e < degree; ++e) {
    ahead.fetch(col_idx + e, in, width, Units * step);
    const T* HWY_RESTRICT row = in + col_idx[e] * width;
    const T* HWY_RESTRICT w = weight + e * heads;
    for (int u = 0; u < Units; ++u) {
      const auto x = load_first<Whole>(d, row + u * step, lanes);
      sum[u] = hn::MulAdd(hn::Set(d, w[u / Share]), x, sum[u]);
    }
  }
  for (int u = 0; u < Units; ++u) {
    store_first<Whole>(sum[u], d, out + u * step, lanes);
  }
}

// All `count` vectors of a row, as many at a time as there are sums, then half of that and so on,
// as long as they are whole heads.
template <bool Adds, int Units, bool Whole, int Share, class D, class T = hn::TFromD<D>>
HWY_INLINE void sum_row_in_parts(D d, std::int64_t count, const std::int32_t* col_idx,
                                 std::int64_t degree, const Ahead<T>& ahead, std::int64_t heads,
                                 std::int64_t width, const T* weight, const T* in,
                                 std::int64_t step, std::int64_t lanes, T* out) {
  std::int64_t u = 0;
  for (; u + Units <= count; u += Units) {
    sum_row<Adds, Units, Whole, Share>(d, col_idx, degree, ahead, heads, width, weight + u / Share,
                                       in + u * step, step, lanes, out + u * step);
  }
  if constexpr (Units > 1 && (Share == kOneWeight || Units > Share)) {
    if (u < count) {
      sum_row_in_parts<Adds, Units / 2, Whole, Share>(d, count - u, col_idx, degree, ahead, heads,
                                                      width, weight + u / Share, in + u * step,
                                                      step, lanes, out + u * step);
    }
  }
}

// A head after the other: for heads of many vectors, or of a number that divides no others.
template <bool Adds, bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE void sum_row_by_heads(D d, const std::int32_t* col_idx, std::int64_t degree,
                                 const Ahead<T>& ahead, std::int64_t heads, std::int64_t channels,
                                 const T* weight, const T* in, T* out) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  const std::int64_t width = heads * channels;
  const std::int64_t vectors = channels / kLanes;
  const std::int64_t rest = channels % kLanes;
  for (std::int64_t h = 0; h < heads; ++h, in += channels, out += channels) {
    sum_row_in_parts<Adds, kUnits, true, kOneWeight>(d, vectors, col_idx, degree, ahead, heads,
                                                     width, weight + h, in, kLanes, kLanes, out);
    if (!Whole && rest != 0) {
      sum_row<Adds, 1, false, 1>(d, col_idx, degree, ahead, heads, width, weight + h,
                                 in + vectors * kLanes, kLanes, rest, out + vectors * kLanes);
    }
  }
}

template <bool Adds, bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE void sum_rows(D d, const Rows& rows, std::int64_t heads, std::int64_t channels,
                         const T* weight, const T* in, T* out) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  const std::int64_t width = heads * channels;
  const Ahead<T> ahead(rows, width);
  for (std::int64_t i = rows.begin; i < rows.end; ++i) {
    const std::int64_t first = rows.row_ptr[i];
    const std::int64_t degree = rows.row_ptr[i + 1] - first;
    const std::int32_t* col_idx = rows.col_idx + first;
    const T* w = weight + (first - rows.first_edge()) * heads;
    T* to = out + i * width;
    if (channels <= kLanes) {
      sum_row_in_parts<Adds, kUnits, Whole, 1>(d, heads, col_idx, degree, ahead, heads, width, w,
                                               in, channels, channels, to);
    } else if (channels == 2 * kLanes) {
      sum_row_in_parts<Adds, kUnits, true, 2>(d, 2 * heads, col_idx, degree, ahead, heads, width, w,
                                              in, kLanes, kLanes, to);
    } else if (channels == 4 * kLanes) {
      sum_row_in_parts<Adds, kUnits, true, 4>(d, 4 * heads, col_idx, degree, ahead, heads, width, w,
                                              in, kLanes, kLanes, to);
    } else {
      sum_row_by_heads<Adds, Whole>(d, col_idx, degree, ahead, heads, channels, w, in, to);
    }
  }
}

template <class T>
void weighted_sums(const Rows& rows, std::int64_t heads, std::int64_t channels, const T* weight,
                   const T* in, T* out) {
  if constexpr (square_of_vector<T>() >= 2) {
    if (is_square<T>(heads, channels)) {
      sum_square_rows<false>(rows, weight, in, out);
      return;
    }
  }
  with_vectors<T>(channels, [&](auto d, auto whole) HWY_ATTR {
    sum_rows<false, decltype(whole)::value>(d, rows, heads, channels, weight, in, out);
  });
}

template <class T>
void add_weighted_sums(const Rows& rows, std::int64_t heads, std::int64_t channels, const T* weight,
                       const T* in, T* out) {
  if constexpr (square_of_vector<T>() >= 2) {
    if (is_square<T>(heads, channels)) {
      sum_square_rows<true>(rows, weight, in, out);
      return;
    }
  }
  with_vectors<T>(channels, [&](auto d, auto whole) HWY_ATTR {
    sum_rows<true, decltype(whole)::value>(d, rows, heads, channels, weight, in, out);
  });
}

// Sum over the channels of a product, still spread over the lanes of a vector.
template <bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> product(D d, std::int64_t channels, const T* a, const T* b) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  auto sum = hn::Zero(d);
  std::int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) {
    sum = hn::MulAdd(hn::LoadU(d, a + c), hn::LoadU(d, b + c), sum);
  }
  if (!Whole && c < channels) {
    const std::int64_t rest = channels - c;
    sum = hn::MulAdd(load_first<false>(d, a + c, rest), load_first<false>(d, b + c, rest), sum);
  }
  return sum;
}

// Dot products of pairs of rows that `pairs` yields one after the other, kLanes at a time.
template <bool Whole, class D, class Pairs, class T = hn::TFromD<D>>
HWY_INLINE void dots_of_pairs(D d, std::int64_t count, std::int64_t channels, Pairs pairs,
                              T* HWY_RESTRICT dots) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  hn::Vec<D> products[kLanes];
  std::int64_t p = 0;
  for (; p + kLanes <= count; p += kLanes) {
    for (std::int64_t k = 0; k < kLanes; ++k) {
      products[k] = product<Whole>(d, channels, pairs.left(), pairs.right());
      pairs.next();
    }
    hn::StoreU(sums_of_lanes(d, products), d, dots + p);
  }
  for (std::int64_t k = 0; k < kLanes; ++k) {
    products[k] = hn::Zero(d);
  }
  for (std::int64_t k = 0; k < count - p; ++k) {
    products[k] = product<Whole>(d, channels, pairs.left(), pairs.right());
    pairs.next();
  }
  if (p < count) {
    store_first<false>(sums_of_lanes(d, products), d, dots + p, count - p);
  }
}

// (left[i, h, :], right[col_idx[e], h, :]) for the rows i, their edges e and the heads h.
template <class T>
struct EdgePairs {
  const Rows& rows;
  std::int64_t heads;
  std::int64_t channels;
  const T* left_rows;
  const T* right_rows;
  std::int64_t row = rows.begin;
  std::int64_t edge = rows.first_edge();
  std::int64_t head = 0;
  const Ahead<T> ahead{rows, heads* channels};

  HWY_INLINE const T* left() {
    if (head == 0) {
      ahead.fetch(rows.col_idx + edge, right_rows, heads * channels, heads * channels);
    }
    while (edge == rows.row_ptr[row + 1]) {
      ++row;
    }
    return left_rows + (row * heads + head) * channels;
  }
  HWY_INLINE const T* right() const {
    return right_rows + (rows.col_idx[edge] * heads + head) * channels;
  }
  HWY_INLINE void next() {
    if (++head == heads) {
      head = 0;
      ++edge;
    }
  }
};

// Where the heads fill whole vectors of results, the pairs of an edge need no counting.
template <bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE void dots_of_head_tiles(D d, const Rows& rows, std::int64_t heads, std::int64_t channels,
                                   const T* left, const T* right, T* HWY_RESTRICT dots) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  const std::int64_t width = heads * channels;
  const Ahead<T> ahead(rows, width);
  for (std::int64_t i = rows.begin; i < rows.end; ++i) {
    for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e) {
      ahead.fetch(rows.col_idx + e, right, width, width);
      const T* a = left + i * width;
      const T* b = right + rows.col_idx[e] * width;
      for (std::int64_t h = 0; h < heads; h += kLanes, dots += kLanes) {
        hn::Vec<D> products[kLanes];
        for (std::int64_t k = 0; k < kLanes; ++k, a += channels, b += channels) {
          products[k] = product<Whole>(d, channels, a, b);
        }
        hn::StoreU(sums_of_lanes(d, products), d, dots);
      }
    }
  }
}

template <class T>
void edge_dots(const Rows& rows, std::int64_t heads, std::int64_t channels, const T* left,
               const T* right, T* dots) {
  if constexpr (square_of_vector<T>() >= 2) {
    if (is_square<T>(heads, channels)) {
      const auto product = [](auto d, auto a, auto b, std::int64_t)
                               HWY_ATTR { return hn::MulAdd(a, b, hn::Zero(d)); };
      square_products(rows, left, right, product, dots);
      return;
    }
  }
  with_vectors<T>(channels, [&](auto d, auto whole) HWY_ATTR {
    constexpr bool kWhole = decltype(whole)::value;
    if (heads % lanes_of<decltype(d)>() == 0) {
      dots_of_head_tiles<kWhole>(d, rows, heads, channels, left, right, dots);
    } else {
      dots_of_pairs<kWhole>(d, rows.num_edges() * heads, channels,
                            EdgePairs<T>{rows, heads, channels, left, right}, dots);
    }
  });
}

// (x[i, h, :], vector[h, :]) for the rows i and heads h.
template <class T>
struct HeadPairs {
  std::int64_t heads;
  std::int64_t channels;
  const T* x;
  const T* vector;
  std::int64_t head = 0;

  HWY_INLINE const T* left() const { return x; }
  HWY_INLINE const T* right() const { return vector + head * channels; }
  HWY_INLINE void next() {
    x += channels;
    head = head + 1 == heads ? 0 : head + 1;
  }
};

template <class T>
void head_dots(std::int64_t begin, std::int64_t end, std::int64_t heads, std::int64_t channels,
               const T* x, const T* vector, T* dots) {
  with_vectors<T>(channels, [&](auto d, auto whole) HWY_ATTR {
    dots_of_pairs<decltype(whole)::value>(
        d, (end - begin) * heads, channels,
        HeadPairs<T>{heads, channels, x + begin * heads * channels, vector}, dots + begin * heads);
  });
}

// Both products while a row is in registers.
template <class T>
void two_head_dots(std::int64_t begin, std::int64_t end, std::int64_t heads, std::int64_t channels,
                   const T* x, const T* first, const T* second, T* first_dots, T* second_dots) {
  with_vectors<T>(channels, [&](auto d, auto whole) HWY_ATTR {
    constexpr bool kWhole = decltype(whole)::value;
    constexpr std::int64_t kLanes = lanes_of<decltype(d)>();
    const std::int64_t count = (end - begin) * heads;
    HeadPairs<T> pairs{heads, channels, x + begin * heads * channels, first};
    first_dots += begin * heads;
    second_dots += begin * heads;
    hn::Vec<decltype(d)> a[kLanes];
    hn::Vec<decltype(d)> b[kLanes];
    const auto multiply = [&](std::int64_t k) HWY_ATTR {
      a[k] = product<kWhole>(d, channels, pairs.left(), pairs.right());
      b[k] = product<kWhole>(d, channels, pairs.left(), second + pairs.head * channels);
      pairs.next();
    };
    std::int64_t p = 0;
    for (; p + kLanes <= count; p += kLanes) {
      for (std::int64_t k = 0; k < kLanes; ++k) {
        multiply(k);
      }
      hn::StoreU(sums_of_lanes(d, a), d, first_dots + p);
      hn::StoreU(sums_of_lanes(d, b), d, second_dots + p);
    }
    if (p < count) {
      for (std::int64_t k = 0; k < kLanes; ++k) {
        a[k] = hn::Zero(d);
        b[k] = hn::Zero(d);
      }
      for (std::int64_t k = 0; k < count - p; ++k) {
        multiply(k);
      }
      store_first<false>(sums_of_lanes(d, a), d, first_dots + p, count - p);
      store_first<false>(sums_of_lanes(d, b), d, second_dots + p, count - p);
    }
  });
}

template <bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE void add_scaled(D d, std::int64_t n, T factor, const T* x, T* y) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  const auto f = hn::Set(d, factor);
  std::int64_t c = 0;
  for (; c + kLanes <= n; c += kLanes) {
    hn::StoreU(hn::MulAdd(f, hn::LoadU(d, x + c), hn::LoadU(d, y + c)), d, y + c);
  }
  if (!Whole && c < n) {
    const auto sum =
        hn::MulAdd(f, load_first<false>(d, x + c, n - c), load_first<false>(d, y + c, n - c));
    store_first<false>(sum, d, y + c, n - c);
  }
}

template <class T>
void add_outer_products(std::int64_t begin, std::int64_t end, std::int64_t heads,
                        std::int64_t channels, const T* a, const T* vector, T* x) {
  with_vectors<T>(channels, [&](auto d, auto whole) HWY_ATTR {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t h = 0; h < heads; ++h) {
        add_scaled<decltype(whole)::value>(d, channels, a[i * heads + h], vector + h * channels,
                                           x + (i * heads + h) * channels);
      }
    }
  });
}

template <class T>
void add_weighted_rows(std::int64_t begin, std::int64_t end, std::int64_t heads,
                       std::int64_t channels, const T* a, const T* x, T* sum) {
  with_vectors<T>(channels, [&](auto d, auto whole) HWY_ATTR {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t h = 0; h < heads; ++h) {
        add_scaled<decltype(whole)::value>(d, channels, a[i * heads + h],
                                           x + (i * heads + h) * channels, sum + h * channels);
      }
    }
  });
}

template <class T>
HWY_INLINE std::int64_t compact_row(const std::int32_t* HWY_RESTRICT columns,
                                    const T* HWY_RESTRICT values, std::int64_t count,
                                    std::int32_t* HWY_RESTRICT kept_columns,
                                    T* HWY_RESTRICT kept_values) {
  std::int64_t kept = 0;
  if constexpr (sizeof(T) == sizeof(std::int32_t)) {
    const hn::ScalableTag<T> d;
    const hn::Rebind<std::int32_t, decltype(d)> di;
    constexpr std::int64_t kLanes = lanes_of<hn::ScalableTag<T>>();
    for (std::int64_t e = 0; e < count; e += kLanes) {
      // Lanes beyond the row are zero, and so left out.
      const std::int64_t n = std::min(kLanes, count - e);
      const auto v = n == kLanes ? hn::LoadU(d, values + e) : load_first<false>(d, values + e, n);
      const auto column =
          n == kLanes ? hn::LoadU(di, columns + e) : load_first<false>(di, columns + e, n);
      const auto keep = hn::Ne(v, hn::Zero(d));
      hn::StoreU(hn::Compress(v, keep), d, kept_values + kept);
      hn::StoreU(hn::Compress(column, hn::RebindMask(di, keep)), di, kept_columns + kept);
      kept += static_cast<std::int64_t>(hn::CountTrue(d, keep));
    }
  } else {
    for (std::int64_t e = 0; e < count; ++e) {
      kept_columns[kept] = columns[e];
      kept_values[kept] = values[e];
      kept += values[e] != 0 ? 1 : 0;  // no branch: the next entry overwrites one left out
    }
  }
  return kept;
}

template <class T>
void compact(const Rows& rows, const T* values, std::int64_t* kept_ptr, std::int32_t* kept_columns,
             T* kept_values) {
  kept_ptr[0] = 0;
  for (std::int64_t i = rows.begin; i < rows.end; ++i) {
    const std::int64_t first = rows.row_ptr[i];
    const std::int64_t kept = kept_ptr[i - rows.begin];
    kept_ptr[i - rows.begin + 1] =
        kept + compact_row(rows.col_idx + first, values + (first - rows.first_edge()),
                           rows.row_ptr[i + 1] - first, kept_columns + kept, kept_values + kept);
  }
}

}  // namespace attune::sparse::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
