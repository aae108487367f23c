// Loops over [edges, heads] arrays. Included by kernels.cpp once an instruction set.
#if defined(ATTUNE_SPARSE_ATTENTION_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_SPARSE_ATTENTION_INL_HPP
#undef ATTUNE_SPARSE_ATTENTION_INL_HPP
#else
#define ATTUNE_SPARSE_ATTENTION_INL_HPP
#endif

#include <cmath>
#include <cstdint>
#include <limits>

#include <hwy/highway.h>

#include "core/exp-inl.hpp"
#include "sparse/ahead-inl.hpp"
#include "sparse/kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::sparse::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Calls body(d, first_head) for the heads, as many at a time as a vector d holds, eight at most so
// that rows of eight heads fill theirs; what is left over goes one at a time.
template <class T, class Body>
HWY_INLINE void for_head_vectors(std::int64_t heads, const Body& body) {
  const hn::CappedTag<T, 8> d;
  const auto lanes = static_cast<std::int64_t>(hn::MaxLanes(d));
  std::int64_t h = 0;
  for (; h + lanes <= heads; h += lanes) {
    body(d, h);
  }
  for (; h < heads; ++h) {
    body(hn::CappedTag<T, 1>(), h);
  }
}

// 1 where x > 0, the negative slope elsewhere (and for NaN).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V leaky_slope(D d, V x, V negative_slope) {
  return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), hn::Set(d, hn::TFromD<D>(1)), negative_slope);
}

// The sum that the leaky ReLU of a logit is taken of, with terms of the edges or without: two
// loops, so that the one without does not ask.
template <class T, bool kTerms>
struct EdgeSum {
  const T* src;
  const T* terms;  // at the first edge of the block

  template <class D, class V>
  HWY_INLINE V operator()(D d, V dst, std::int64_t src_at, std::int64_t edge_at) const {
    const auto x = hn::Add(dst, hn::LoadU(d, src + src_at));
    if constexpr (kTerms) {
      return hn::Add(x, hn::LoadU(d, terms + edge_at));
    } else {
      return x;
    }
  }
};

template <class T, bool kTerms>
struct EdgeLogits {
  const Rows& rows;
  std::int64_t stride;
  T negative_slope;
  const T* dst;
  EdgeSum<T, kTerms> sum_of;
  T* logits;

  template <class D>
  HWY_INLINE void operator()(D d, std::int64_t first) const {
    const auto slope = hn::Set(d, negative_slope);
    const Ahead<T> ahead(rows, stride);
    T* out = logits + first;
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const auto a = hn::LoadU(d, dst + i * stride + first);
      for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e, out += stride) {
        ahead.fetch(rows.col_idx + e, sum_of.src + first, stride, 1);
        const auto x = sum_of(d, a, rows.col_idx[e] * stride + first, out - logits);
        hn::StoreU(hn::Mul(x, leaky_slope(d, x, slope)), d, out);
      }
    }
  }
};

template <class T, bool kTerms>
struct EdgeLogitsBackward {
  const Rows& rows;
  std::int64_t stride;
  T negative_slope;
  const T* dst;
  EdgeSum<T, kTerms> sum_of;
  T* grad;
  T* grad_dst;

  template <class D>
  HWY_INLINE void operator()(D d, std::int64_t first) const {
    const auto slope = hn::Set(d, negative_slope);
    const Ahead<T> ahead(rows, stride);
    T* out = grad + first;
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const auto a = hn::LoadU(d, dst + i * stride + first);
      auto sum = hn::Zero(d);
      for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e, out += stride) {
        ahead.fetch(rows.col_idx + e, sum_of.src + first, stride, 1);
        const auto x = sum_of(d, a, rows.col_idx[e] * stride + first, out - grad);
        const auto g = hn::Mul(hn::LoadU(d, out), leaky_slope(d, x, slope));
        hn::StoreU(g, d, out);
        sum = hn::Add(sum, g);
      }
      hn::StoreU(sum, d, grad_dst + i * stride + first);
    }
  }
};

template <class T>
struct SubtractRowMaxima {
  const Rows& rows;
  std::int64_t stride;
  T* logits;
  T* maxima;  // null: nobody asks

  template <class D>
  HWY_INLINE void operator()(D d, std::int64_t first) const {
    T* row = logits + first;
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      T* const end = row + (rows.row_ptr[i + 1] - rows.row_ptr[i]) * stride;
      // Finite, so that a piece of a row whose logits are all minus infinity gives zeros.
      auto most = hn::Set(d, std::numeric_limits<T>::lowest());
      for (const T* p = row; p != end; p += stride) {
        most = hn::Max(most, hn::LoadU(d, p));
      }
      if (maxima != nullptr) {
        hn::StoreU(most, d, maxima + i * stride + first);
      }
      for (; row != end; row += stride) {
        hn::StoreU(hn::Sub(hn::LoadU(d, row), most), d, row);
      }
    }
  }
};

template <class T>
struct DivideByRowSums {
  const Rows& rows;
  std::int64_t stride;
  T* values;

  template <class D>
  HWY_INLINE void operator()(D d, std::int64_t first) const {
    T* row = values + first;
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      T* const end = row + (rows.row_ptr[i + 1] - rows.row_ptr[i]) * stride;
      auto sum = hn::Zero(d);
      for (const T* p = row; p != end; p += stride) {
        sum = hn::Add(sum, hn::LoadU(d, p));
      }
      const auto inverse = hn::Div(hn::Set(d, T(1)), sum);
      for (; row != end; row += stride) {
        hn::StoreU(hn::Mul(hn::LoadU(d, row), inverse), d, row);
      }
    }
  }
};

// sums[i, h] of values[e, h], or of |values[e, h]| times[e, h].
template <class T>
struct SumRows {
  const Rows& rows;
  std::int64_t stride;
  const T* values;
  const T* times;  // null: 1
  T* sums;

  template <class D>
  HWY_INLINE void operator()(D d, std::int64_t first) const {
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const std::int64_t from = (rows.row_ptr[i] - rows.first_edge()) * stride + first;
      const std::int64_t to = (rows.row_ptr[i + 1] - rows.first_edge()) * stride + first;
      auto sum = hn::Zero(d);
      for (std::int64_t p = from; p != to; p += stride) {
        const auto v = hn::LoadU(d, values + p);
        sum = times == nullptr ? hn::Add(sum, v)
                               : hn::MulAdd(hn::Abs(v), hn::LoadU(d, times + p), sum);
      }
      hn::StoreU(sum, d, sums + i * stride + first);
    }
  }
};

template <class T>
struct ScaleRows {
  const Rows& rows;
  std::int64_t stride;
  const T* factor;
  T* values;

  template <class D>
  HWY_INLINE void operator()(D d, std::int64_t first) const {
    T* row = values + first;
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const auto f = hn::LoadU(d, factor + i * stride + first);
      for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e, row += stride) {
        hn::StoreU(hn::Mul(hn::LoadU(d, row), f), d, row);
      }
    }
  }
};

template <class T>
struct CentreRows {
  const Rows& rows;
  std::int64_t stride;
  const T* alpha;
  const T* sums;
  T* grad;

  template <class D>
  HWY_INLINE void operator()(D d, std::int64_t first) const {
    std::int64_t p = first;
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const auto sum = hn::LoadU(d, sums + i * stride + first);
      for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e, p += stride) {
        const auto centred = hn::Sub(hn::LoadU(d, grad + p), sum);
        hn::StoreU(hn::Mul(hn::Abs(hn::LoadU(d, alpha + p)), centred), d, grad + p);
      }
    }
  }
};

template <class T>
struct SoftmaxBackward {
  const Rows& rows;
  std::int64_t stride;
  const T* alpha;
  T* grad;

  template <class D>
  HWY_INLINE void operator()(D d, std::int64_t first) const {
    for (std::int64_t i = rows.begin; i < rows.end; ++i) {
      const std::int64_t from = (rows.row_ptr[i] - rows.first_edge()) * stride + first;
      const std::int64_t to = (rows.row_ptr[i + 1] - rows.first_edge()) * stride + first;
      auto sum = hn::Zero(d);
      for (std::int64_t p = from; p != to; p += stride) {
        sum = hn::MulAdd(hn::Abs(hn::LoadU(d, alpha + p)), hn::LoadU(d, grad + p), sum);
      }
      for (std::int64_t p = from; p != to; p += stride) {
        const auto centred = hn::Sub(hn::LoadU(d, grad + p), sum);
        hn::StoreU(hn::Mul(hn::Abs(hn::LoadU(d, alpha + p)), centred), d, grad + p);
      }
    }
  }
};

template <class T>
struct GatherSums {
  const Rows& rows;
  const std::int64_t* position;
  std::int64_t stride;
  const T* from;
  T* sums;

  template <class D>
  HWY_INLINE void operator()(D d, std::int64_t first) const {
    const AheadAt<T> ahead(rows, position);
    for (std::int64_t j = rows.begin; j < rows.end; ++j) {
      auto sum = hn::Zero(d);
      for (std::int64_t t = rows.row_ptr[j]; t < rows.row_ptr[j + 1]; ++t) {
        ahead.fetch(t, from + first, stride);
        sum = hn::Add(sum, hn::LoadU(d, from + position[t] * stride + first));
      }
      hn::StoreU(sum, d, sums + j * stride + first);
    }
  }
};

template <class T>
struct GatherWeights {
  const Rows& rows;
  const std::int64_t* position;
  std::int64_t stride;
  T scale;
  const T* alpha;
  T* weight;

  template <class D>
  HWY_INLINE void operator()(D d, std::int64_t first) const {
    const AheadAt<T> ahead(rows, position);
    T* w = weight + first;
    const std::int64_t end = rows.row_ptr[rows.end];
    for (std::int64_t t = rows.first_edge(); t < end; ++t, w += stride) {
      ahead.fetch(t, alpha + first, stride);
      const auto a = hn::LoadU(d, alpha + position[t] * stride + first);
      hn::StoreU(hn::ZeroIfNegative(hn::Mul(a, hn::Set(d, scale))), d, w);
    }
  }
};

template <class T>
struct Gather {
  const Rows& rows;
  const std::int64_t* position;
  std::int64_t stride;
  const T* from;
  T* to;

  template <class D>
  HWY_INLINE void operator()(D d, std::int64_t first) const {
    const AheadAt<T> ahead(rows, position);
    T* out = to + first;
    const std::int64_t end = rows.row_ptr[rows.end];
    for (std::int64_t t = rows.first_edge(); t < end; ++t, out += stride) {
      ahead.fetch(t, from + first, stride);
      hn::StoreU(hn::LoadU(d, from + position[t] * stride + first), d, out);
    }
  }
};

template <class T>
void edge_logits(const Rows& rows, std::int64_t heads, T negative_slope, const T* dst, const T* src,
                 const T* terms, T* logits) {
  if (terms != nullptr) {
    for_head_vectors<T>(
        heads, EdgeLogits<T, true>{rows, heads, negative_slope, dst, {src, terms}, logits});
  } else {
    for_head_vectors<T>(
        heads, EdgeLogits<T, false>{rows, heads, negative_slope, dst, {src, nullptr}, logits});
  }
}

template <class T>
void edge_logits_backward(const Rows& rows, std::int64_t heads, T negative_slope, const T* dst,
                          const T* src, const T* terms, T* grad, T* grad_dst) {
  if (terms != nullptr) {
    for_head_vectors<T>(heads, EdgeLogitsBackward<T, true>{
                                   rows, heads, negative_slope, dst, {src, terms}, grad, grad_dst});
  } else {
    for_head_vectors<T>(heads,
                        EdgeLogitsBackward<T, false>{
                            rows, heads, negative_slope, dst, {src, nullptr}, grad, grad_dst});
  }
}

template <class T>
void row_softmax(const Rows& rows, std::int64_t heads, T* logits) {
  for_head_vectors<T>(heads, SubtractRowMaxima<T>{rows, heads, logits, nullptr});
  core::HWY_NAMESPACE::exp_in_place(logits, rows.num_edges() * heads);
  for_head_vectors<T>(heads, DivideByRowSums<T>{rows, heads, logits});
}

template <class T>
void row_softmax_backward(const Rows& rows, std::int64_t heads, const T* alpha, T* grad) {
  for_head_vectors<T>(heads, SoftmaxBackward<T>{rows, heads, alpha, grad});
}

template <class T>
void row_exponentials(const Rows& rows, std::int64_t heads, T* logits, T* maxima, T* sums) {
  for_head_vectors<T>(heads, SubtractRowMaxima<T>{rows, heads, logits, maxima});
  core::HWY_NAMESPACE::exp_in_place(logits, rows.num_edges() * heads);
  for_head_vectors<T>(heads, SumRows<T>{rows, heads, logits, nullptr, sums});
}

template <class T>
void row_dots(const Rows& rows, std::int64_t heads, const T* alpha, const T* grad, T* sums) {
  for_head_vectors<T>(heads, SumRows<T>{rows, heads, alpha, grad, sums});
}

template <class T>
void scale_rows(const Rows& rows, std::int64_t heads, const T* factor, T* values) {
  for_head_vectors<T>(heads, ScaleRows<T>{rows, heads, factor, values});
}

template <class T>
void centre_rows(const Rows& rows, std::int64_t heads, const T* alpha, const T* sums, T* grad) {
  for_head_vectors<T>(heads, CentreRows<T>{rows, heads, alpha, sums, grad});
}

template <class T>
void gather_sums(const Rows& rows, const std::int64_t* position, std::int64_t heads, const T* from,
                 T* sums) {
  for_head_vectors<T>(heads, GatherSums<T>{rows, position, heads, from, sums});
}

template <class T>
void gather_weights(const Rows& rows, const std::int64_t* position, std::int64_t heads, T scale,
                    const T* alpha, T* weight) {
  for_head_vectors<T>(heads, GatherWeights<T>{rows, position, heads, scale, alpha, weight});
}

template <class T>
void gather(const Rows& rows, const std::int64_t* position, std::int64_t heads, const T* from,
            T* to) {
  for_head_vectors<T>(heads, Gather<T>{rows, position, heads, from, to});
}

template <class T>
void drop(std::int64_t count, const std::uint16_t* HWY_RESTRICT lanes, std::uint32_t threshold,
          T scale, T* HWY_RESTRICT alpha, T* HWY_RESTRICT weight) {
  for (std::int64_t i = 0; i < count; ++i) {
    const T a = alpha[i];
    const T kept = a * scale;
    alpha[i] = lanes[i] < threshold ? -a : a;
    weight[i] = lanes[i] < threshold ? T{0} : kept;
  }
}

template <class T>
void drop_backward(std::int64_t count, T scale, const T* HWY_RESTRICT alpha, T* HWY_RESTRICT grad) {
  for (std::int64_t i = 0; i < count; ++i) {
    const T kept = grad[i] * scale;
    grad[i] = std::signbit(alpha[i]) ? T{0} : kept;
  }
}

}  // namespace attune::sparse::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
