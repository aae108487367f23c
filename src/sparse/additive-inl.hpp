// Loops of additive attention with the nonlinearity inside (GATv2). Included by kernels.cpp once an
// instruction set.
#if defined(ATTUNE_SPARSE_ADDITIVE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_SPARSE_ADDITIVE_INL_HPP
#undef ATTUNE_SPARSE_ADDITIVE_INL_HPP
#else
#define ATTUNE_SPARSE_ADDITIVE_INL_HPP
#endif

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

#include "sparse/attention-inl.hpp"
#include "sparse/gather-inl.hpp"
#include "sparse/kernels.hpp"
#include "sparse/square-inl.hpp"
#include "sparse/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::sparse::HWY_NAMESPACE {

// att . leaky_relu(a + b) over the channels, still spread over the lanes of a vector.
template <bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> additive_product(D d, std::int64_t channels, hn::Vec<D> slope, const T* a,
                                       const T* b, const T* att) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  auto sum = hn::Zero(d);
  std::int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) {
    const auto x = hn::Add(hn::LoadU(d, a + c), hn::LoadU(d, b + c));
    sum = hn::MulAdd(hn::LoadU(d, att + c), hn::Mul(x, leaky_slope(d, x, slope)), sum);
  }
  if (!Whole && c < channels) {
    const std::int64_t rest = channels - c;
    const auto x = hn::Add(load_first<false>(d, a + c, rest), load_first<false>(d, b + c, rest));
    sum =
        hn::MulAdd(load_first<false>(d, att + c, rest), hn::Mul(x, leaky_slope(d, x, slope)), sum);
  }
  return sum;
}

// Where the heads fill whole vectors of results, the pairs of an edge need no counting.
template <bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE void logits_of_head_tiles(D d, const Rows& rows, std::int64_t heads,
                                     std::int64_t channels, hn::Vec<D> slope, const T* dst,
                                     const T* src, const T* att, T* HWY_RESTRICT logits) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  const std::int64_t width = heads * channels;
  const Ahead<T> ahead(rows, width);
  for (std::int64_t i = rows.begin; i < rows.end; ++i) {
    for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e) {
      ahead.fetch(rows.col_idx + e, src, width, width);
      const T* a = dst + i * width;
      const T* b = src + rows.col_idx[e] * width;
      const T* v = att;
      for (std::int64_t h = 0; h < heads; h += kLanes, logits += kLanes) {
        hn::Vec<D> products[kLanes];
        for (std::int64_t k = 0; k < kLanes; ++k, a += channels, b += channels, v += channels) {
          products[k] = additive_product<Whole>(d, channels, slope, a, b, v);
        }
        hn::StoreU(sums_of_lanes(d, products), d, logits);
      }
    }
  }
}

template <bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE void logits_of_pairs(D d, const Rows& rows, std::int64_t heads, std::int64_t channels,
                                hn::Vec<D> slope, const T* dst, const T* src, const T* att,
                                T* HWY_RESTRICT logits) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  const std::int64_t count = rows.num_edges() * heads;
  EdgePairs<T> pairs{rows, heads, channels, dst, src};
  for (std::int64_t p = 0; p < count; p += kLanes) {
    hn::Vec<D> products[kLanes];
    for (std::int64_t k = 0; k < kLanes; ++k) {
      products[k] = hn::Zero(d);
    }
    const std::int64_t here = std::min(kLanes, count - p);
    for (std::int64_t k = 0; k < here; ++k) {
      products[k] = additive_product<Whole>(d, channels, slope, pairs.left(), pairs.right(),
                                            att + pairs.head * channels);
      pairs.next();
    }
    store_first<false>(sums_of_lanes(d, products), d, logits + p, here);
  }
}

template <class T>
void additive_logits(const Rows& rows, std::int64_t heads, std::int64_t channels, T negative_slope,
                     const T* dst, const T* src, const T* att, T* logits) {
  if constexpr (square_of_vector<T>() >= 2) {
    if (is_square<T>(heads, channels)) {
      const auto product = [&](auto d, auto a, auto b, std::int64_t c) HWY_ATTR {
        const auto x = hn::Add(a, b);
        const auto activated = hn::Mul(x, leaky_slope(d, x, hn::Set(d, negative_slope)));
        return hn::MulAdd(hn::LoadU(d, att + c), activated, hn::Zero(d));
      };
      square_products(rows, dst, src, product, logits);
      return;
    }
  }
  with_vectors<T>(channels, [&](auto d, auto whole) HWY_ATTR {
    constexpr bool kWhole = decltype(whole)::value;
    const auto slope = hn::Set(d, negative_slope);
    if (heads % lanes_of<decltype(d)>() == 0) {
      logits_of_head_tiles<kWhole>(d, rows, heads, channels, slope, dst, src, att, logits);
    } else {
      logits_of_pairs<kWhole>(d, rows, heads, channels, slope, dst, src, att, logits);
    }
  });
}

// Vectors whose sums are kept at a time, each with the own row and the sum for att beside it.
constexpr int kSlopeUnits = HWY_TARGET <= HWY_AVX3 ? 8 : 4;

// A row of slope_sums(): its edges, and what they look up.
template <class T>
struct SlopeRow {
  const std::int32_t* col_idx;
  std::int64_t degree;
  const Ahead<T>& ahead;
  std::int64_t heads;
  std::int64_t width;
  const T* grad;   // [degree, heads]
  const T* other;  // rows of `width`
};

// Sums for `Units` vectors from number `at` of the row on, `step` numbers apart, `Share` of which
// after each other belong to one head, the first of them to `head`; see Kernels::slope_sums.
template <int Units, bool Whole, int Share, bool Att, class D, class T = hn::TFromD<D>>
HWY_INLINE void slope_sum(D d, const SlopeRow<T>& row, hn::Vec<D> slope, std::int64_t head,
                          std::int64_t at, std::int64_t step, std::int64_t lanes, const T* own,
                          T* sums, T* att_sums) {
  hn::Vec<D> a[Units];
  hn::Vec<D> sum[Units];
  hn::Vec<D> att[Units];
  for (int u = 0; u < Units; ++u) {
    a[u] = load_first<Whole>(d, own + at + u * step, lanes);
    sum[u] = hn::Zero(d);
    att[u] = hn::Zero(d);
  }
  for (std::int64_t e = 0; e < row.degree; ++e) {
    row.ahead.fetch(row.col_idx + e, row.other + at, row.width, (Units - 1) * step + lanes);
    const T* HWY_RESTRICT other = row.other + row.col_idx[e] * row.width + at;
    const T* HWY_RESTRICT grad = row.grad + e * row.heads + head;
    for (int u = 0; u < Units; ++u) {
      const auto x = hn::Add(a[u], load_first<Whole>(d, other + u * step, lanes));
      const auto g = hn::Mul(hn::Set(d, grad[u / Share]), leaky_slope(d, x, slope));
      sum[u] = hn::Add(sum[u], g);
      if constexpr (Att) {
        att[u] = hn::MulAdd(g, x, att[u]);
      }
    }
  }
  for (int u = 0; u < Units; ++u) {
    store_first<Whole>(sum[u], d, sums + at + u * step, lanes);
    if constexpr (Att) {
      T* const to = att_sums + at + u * step;
      store_first<Whole>(hn::Add(att[u], load_first<Whole>(d, to, lanes)), d, to, lanes);
    }
  }
}

// `count` vectors, as many at a time as there are sums, then half of that and so on.
template <int Units, bool Whole, int Share, bool Att, class D, class T = hn::TFromD<D>>
HWY_INLINE void slope_sums_in_parts(D d, std::int64_t count, const SlopeRow<T>& row,
                                    hn::Vec<D> slope, std::int64_t head, std::int64_t at,
                                    std::int64_t step, std::int64_t lanes, const T* own, T* sums,
                                    T* att_sums) {
  std::int64_t u = 0;
  for (; u + Units <= count; u += Units) {
    slope_sum<Units, Whole, Share, Att>(d, row, slope, head + u / Share, at + u * step, step, lanes,
                                        own, sums, att_sums);
  }
  if constexpr (Units > 1 && (Share == kOneWeight || Units > Share)) {
    if (u < count) {
      slope_sums_in_parts<Units / 2, Whole, Share, Att>(d, count - u, row, slope, head + u / Share,
                                                        at + u * step, step, lanes, own, sums,
                                                        att_sums);
    }
  }
}

template <bool Whole, bool Att, class D, class T = hn::TFromD<D>>
HWY_INLINE void slope_sums_of_row(D d, const SlopeRow<T>& row, std::int64_t channels,
                                  hn::Vec<D> slope, const T* own, T* sums, T* att_sums) {
  constexpr std::int64_t kLanes = lanes_of<D>();
  if (channels <= kLanes) {
    slope_sums_in_parts<kSlopeUnits, Whole, 1, Att>(d, row.heads, row, slope, 0, 0, channels,
                                                    channels, own, sums, att_sums);
  } else if (channels == 2 * kLanes) {
    slope_sums_in_parts<kSlopeUnits, true, 2, Att>(d, 2 * row.heads, row, slope, 0, 0, kLanes,
                                                   kLanes, own, sums, att_sums);
  } else if (channels == 4 * kLanes) {
    slope_sums_in_parts<kSlopeUnits, true, 4, Att>(d, 4 * row.heads, row, slope, 0, 0, kLanes,
                                                   kLanes, own, sums, att_sums);
  } else {
    const std::int64_t vectors = channels / kLanes;
    for (std::int64_t h = 0; h < row.heads; ++h) {
      slope_sums_in_parts<kSlopeUnits, true, kOneWeight, Att>(
          d, vectors, row, slope, h, h * channels, kLanes, kLanes, own, sums, att_sums);
      if (!Whole && channels % kLanes != 0) {
        slope_sum<1, false, 1, Att>(d, row, slope, h, h * channels + vectors * kLanes, kLanes,
                                    channels % kLanes, own, sums, att_sums);
      }
    }
  }
}

// For is_square(): two heads in a vector.
template <bool Att, class T>
HWY_INLINE void slope_sums_of_square(const SlopeRow<T>& row, T negative_slope, const T* own,
                                     T* sums, T* att_sums) {
  const hn::ScalableTag<T> d;
  constexpr std::int64_t kLanes = lanes_of<hn::ScalableTag<T>>();
  constexpr std::int64_t kSquare = square_of_vector<T>();
  constexpr std::int64_t kVectors = kSquare / 2;
  constexpr std::int64_t kWidth = kSquare * kSquare;
  const auto slope = hn::Set(d, negative_slope);
  const SquareWeights<T> weights;
  hn::Vec<decltype(d)> a[kVectors];
  hn::Vec<decltype(d)> sum[kVectors];
  hn::Vec<decltype(d)> att[kVectors];
  for (std::int64_t k = 0; k < kVectors; ++k) {
    a[k] = hn::LoadU(d, own + k * kLanes);
    sum[k] = hn::Zero(d);
    att[k] = hn::Zero(d);
  }
  for (std::int64_t e = 0; e < row.degree; ++e) {
    row.ahead.fetch(row.col_idx + e, row.other, kWidth, kWidth);
    const T* other = row.other + row.col_idx[e] * kWidth;
    hn::Vec<decltype(d)> grad[kVectors];
    weights(row.grad + e * kSquare, grad);
    for (std::int64_t k = 0; k < kVectors; ++k) {
      const auto x = hn::Add(a[k], hn::LoadU(d, other + k * kLanes));
      const auto g = hn::Mul(grad[k], leaky_slope(d, x, slope));
      sum[k] = hn::Add(sum[k], g);
      if constexpr (Att) {
        att[k] = hn::MulAdd(g, x, att[k]);
      }
    }
  }
  for (std::int64_t k = 0; k < kVectors; ++k) {
    hn::StoreU(sum[k], d, sums + k * kLanes);
    if constexpr (Att) {
      T* const to = att_sums + k * kLanes;
      hn::StoreU(hn::Add(att[k], hn::LoadU(d, to)), d, to);
    }
  }
}

// A row of any shape.
template <bool Whole, bool Att, class D, class T = hn::TFromD<D>>
HWY_INLINE void slope_sums_of_any(D d, const SlopeRow<T>& row, std::int64_t channels,
                                  T negative_slope, const T* own, T* sums, T* att_sums) {
  if constexpr (square_of_vector<T>() >= 2) {
    if (is_square<T>(row.heads, channels)) {
      slope_sums_of_square<Att>(row, negative_slope, own, sums, att_sums);
      return;
    }
  }
  slope_sums_of_row<Whole, Att>(d, row, channels, hn::Set(d, negative_slope), own, sums, att_sums);
}

template <class T>
void slope_sums(const Rows& rows, std::int64_t heads, std::int64_t channels, T negative_slope,
                const T* grad, const T* own, const T* other, T* sums, T* att_sums) {
  with_vectors<T>(channels, [&](auto d, auto whole) HWY_ATTR {
    constexpr bool kWhole = decltype(whole)::value;
    const std::int64_t width = heads * channels;
    const Ahead<T> ahead(rows, width);
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const std::int64_t first = rows.row_ptr[i];
      const SlopeRow<T> row{rows.col_idx + first,
                            rows.row_ptr[i + 1] - first,
                            ahead,
                            heads,
                            width,
                            grad + (first - rows.first_edge()) * heads,
                            other};
      if (att_sums != nullptr) {
        slope_sums_of_any<kWhole, true>(d, row, channels, negative_slope, own + i * width,
                                        sums + i * width, att_sums);
      } else {
        slope_sums_of_any<kWhole, false>(d, row, channels, negative_slope, own + i * width,
                                         sums + i * width, att_sums);
      }
    }
  });
}

template <class T>
void scale_columns(std::int64_t begin, std::int64_t end, std::int64_t width,
                   const T* HWY_RESTRICT factor, T* HWY_RESTRICT x) {
  for (std::int64_t i = begin; i < end; ++i) {
    T* HWY_RESTRICT row = x + i * width;
    for (std::int64_t c = 0; c < width; ++c) {
      row[c] *= factor[c];
    }
  }
}

}  // namespace attune::sparse::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
