// Loops of additive attention with the nonlinearity inside (GATv2). Included by kernels.cpp once an
// instruction set.
#if defined(ATTUNE_SPARSE_ADDITIVE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_SPARSE_ADDITIVE_INL_HPP
#undef ATTUNE_SPARSE_ADDITIVE_INL_HPP
#else
#define ATTUNE_SPARSE_ADDITIVE_INL_HPP
#endif

#include <cstdint>

#include <hwy/highway.h>

#include "sparse/attention-inl.hpp"
#include "sparse/gather-inl.hpp"
#include "sparse/kernels.hpp"

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

template <class T>
void additive_logits(const Rows& rows, std::int64_t heads, std::int64_t channels, T negative_slope,
                     const T* dst, const T* src, const T* att, T* logits) {
  with_vectors<T>(channels, [&](auto d, auto whole) HWY_ATTR {
    constexpr bool kWhole = decltype(whole)::value;
    constexpr std::int64_t kLanes = lanes_of<decltype(d)>();
    const auto slope = hn::Set(d, negative_slope);
    const std::int64_t count = rows.num_edges() * heads;
    EdgePairs<T> pairs{rows, heads, channels, dst, src};
    for (std::int64_t p = 0; p < count; p += kLanes) {
      hn::Vec<decltype(d)> products[kLanes];
      for (std::int64_t k = 0; k < kLanes; ++k) {
        products[k] = hn::Zero(d);
      }
      const std::int64_t here = std::min(kLanes, count - p);
      for (std::int64_t k = 0; k < here; ++k) {
        products[k] = additive_product<kWhole>(d, channels, slope, pairs.left(), pairs.right(),
                                               att + pairs.head * channels);
        pairs.next();
      }
      store_first<false>(sums_of_lanes(d, products), d, logits + p, here);
    }
  });
}

// One vector of the sums of one row; see Kernels::slope_sums.
template <bool Whole, class D, class T = hn::TFromD<D>>
HWY_INLINE void slope_sum(D d, const std::int32_t* col_idx, std::int64_t degree,
                          const Ahead<T>& ahead, std::int64_t heads, std::int64_t width,
                          hn::Vec<D> slope, const T* grad, const T* own, const T* other,
                          std::int64_t lanes, T* sums, T* att_sums) {
  const auto a = load_first<Whole>(d, own, lanes);
  auto sum = hn::Zero(d);
  auto att_sum = hn::Zero(d);
  for (std::int64_t e = 0; e < degree; ++e) {
    ahead.fetch(col_idx + e, other, width, lanes);
    const auto x = hn::Add(a, load_first<Whole>(d, other + col_idx[e] * width, lanes));
    const auto g = hn::Mul(hn::Set(d, grad[e * heads]), leaky_slope(d, x, slope));
    sum = hn::Add(sum, g);
    att_sum = hn::MulAdd(g, x, att_sum);
  }
  store_first<Whole>(sum, d, sums, lanes);
  if (att_sums != nullptr) {
    store_first<Whole>(hn::Add(att_sum, load_first<Whole>(d, att_sums, lanes)), d, att_sums, lanes);
  }
}

template <class T>
void slope_sums(const Rows& rows, std::int64_t heads, std::int64_t channels, T negative_slope,
                const T* grad, const T* own, const T* other, T* sums, T* att_sums) {
  with_vectors<T>(channels, [&](auto d, auto whole) HWY_ATTR {
    constexpr std::int64_t kLanes = lanes_of<decltype(d)>();
    const auto slope = hn::Set(d, negative_slope);
    const std::int64_t width = heads * channels;
    const Ahead<T> ahead(rows, width);
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const std::int64_t first = rows.row_ptr[i];
      const std::int64_t degree = rows.row_ptr[i + 1] - first;
      const T* g = grad + (first - rows.first_edge()) * heads;
      const auto one = [&](auto is_whole, std::int64_t h, std::int64_t c, std::int64_t lanes)
                           HWY_ATTR {
                             const std::int64_t at = h * channels + c;
                             slope_sum<decltype(is_whole)::value>(
                                 d, rows.col_idx + first, degree, ahead, heads, width, slope, g + h,
                                 own + i * width + at, other + at, lanes, sums + i * width + at,
                                 att_sums == nullptr ? nullptr : att_sums + at);
                           };
      for (std::int64_t h = 0; h < heads; ++h) {
        std::int64_t c = 0;
        for (; c + kLanes <= channels; c += kLanes) {
          one(std::true_type(), h, c, kLanes);
        }
        if (!decltype(whole)::value && c < channels) {
          one(std::false_type(), h, c, channels - c);
        }
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
