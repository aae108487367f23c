#include "ops/kernels.hpp"

#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/exp-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::ops::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
namespace vec = core::HWY_NAMESPACE;

// Calls f(d, i, count) for each vector of elements, `count` = Lanes(d) of them, and for the last
// ones one at a time on vectors of one lane: an element's bits do not depend on where it stands,
// and nothing beyond n is touched.
template <class T, class F>
HWY_INLINE void for_each_vector(std::int64_t n, F f) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    f(d, i);
  }
  for (; i < n; ++i) {
    f(hn::CappedTag<T, 1>(), i);
  }
}

// exp(x) - 1 for x <= 0 without the cancellation near zero: with x = k ln 2 + r and |r| <= ln 2 / 2
// it is 2^k (exp(r) - 1) + (2^k - 1), and exp(r) - 1 is a polynomial (minimax, relative error
// 1.3e-8). Within 2 ulp; -1 from -88 on.
template <class D>
requires(sizeof(hn::TFromD<D>) == 4) HWY_INLINE hn::Vec<D> expm1_of_negative(D d, hn::Vec<D> x) {
  const hn::RebindToSigned<D> di;
  // Adding 1.5 * 2^23 rounds to an integer; 127 more leaves the exponent of 2^k in the low bits.
  const auto magic = hn::Set(d, 12582912.0F + 127.0F);
  const auto clamped = hn::Max(x, hn::Set(d, -88.0F));
  const auto shifted = hn::MulAdd(clamped, hn::Set(d, 1.44269504F), magic);
  const auto r = hn::NegMulAdd(hn::Sub(shifted, magic), hn::Set(d, 0.693147181F), clamped);
  const auto power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(di, shifted)));
  auto p = hn::MulAdd(r, hn::Set(d, 0.0013882521F), hn::Set(d, 0.0083665205F));
  p = hn::MulAdd(r, p, hn::Set(d, 0.0416672006F));
  p = hn::MulAdd(r, p, hn::Set(d, 0.1666654348F));
  p = hn::MulAdd(r, p, hn::Set(d, 0.4999999702F));
  p = hn::MulAdd(hn::Mul(r, r), p, r);
  return hn::MulAdd(power, p, hn::Sub(power, hn::Set(d, 1.0F)));
}

template <class D>
requires(sizeof(hn::TFromD<D>) == 8) HWY_INLINE hn::Vec<D> expm1_of_negative(D d, hn::Vec<D> x) {
  return hn::Expm1(d, hn::Max(x, hn::Set(d, -88.0)));
}

// NaN is not below zero, and passes.
template <class D>
HWY_INLINE hn::Vec<D> elu_of(D d, hn::Vec<D> x) {
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), expm1_of_negative(d, x), x);
}

// grad_y where y > 0, else grad_y (y + 1): the derivative of exp(x) - 1 is itself plus one.
template <class D>
HWY_INLINE hn::Vec<D> elu_derivative(D d, hn::Vec<D> grad_y, hn::Vec<D> y) {
  return hn::MulAdd(grad_y, hn::Min(y, hn::Zero(d)), grad_y);
}

template <class T>
HWY_INLINE void elu_loop(const T* x, T* out, std::int64_t n) {
  for_each_vector<T>(n, [=](auto d, std::int64_t i)
                            HWY_ATTR { hn::StoreU(elu_of(d, hn::LoadU(d, x + i)), d, out + i); });
}

template <class T>
HWY_INLINE void elu_backward_loop(const T* grad_y, const T* y, T* grad_x, std::int64_t n) {
  for_each_vector<T>(n, [=](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(elu_derivative(d, hn::LoadU(d, grad_y + i), hn::LoadU(d, y + i)), d, grad_x + i);
  });
}

// The column of element i of a matrix that is walked from its first element.
class Column {
 public:
  explicit Column(std::int64_t width) : width_(width) {}
  [[nodiscard]] HWY_INLINE std::int64_t operator*() const { return column_; }
  HWY_INLINE void advance(std::int64_t elements) {
    column_ += elements;
    while (column_ >= width_) {
      column_ -= width_;
    }
  }

 private:
  std::int64_t width_;
  std::int64_t column_ = 0;
};

template <class T>
HWY_INLINE void bias_elu_loop(const T* x, const T* bias, std::int64_t width, T* out,
                              std::int64_t n) {
  Column column(width);
  for_each_vector<T>(n, [=, &column](auto d, std::int64_t i) HWY_ATTR {
    const auto sum = hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, bias + *column));
    hn::StoreU(elu_of(d, sum), d, out + i);
    column.advance(static_cast<std::int64_t>(hn::Lanes(d)));
  });
}

template <class T>
HWY_INLINE void bias_elu_backward_loop(const T* grad_y, const T* y, std::int64_t width, T* grad_x,
                                       T* grad_bias, std::int64_t n) {
  Column column(width);
  for_each_vector<T>(n, [=, &column](auto d, std::int64_t i) HWY_ATTR {
    const auto grad = elu_derivative(d, hn::LoadU(d, grad_y + i), hn::LoadU(d, y + i));
    hn::StoreU(grad, d, grad_x + i);
    T* sums = grad_bias + *column;
    hn::StoreU(hn::Add(hn::LoadU(d, sums), grad), d, sums);
    column.advance(static_cast<std::int64_t>(hn::Lanes(d)));
  });
}

template <class T>
HWY_INLINE void sigmoid_loop(const T* x, T* out, std::int64_t n) {
  for_each_vector<T>(n, [=](auto d, std::int64_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    const auto one = hn::Set(d, T{1});
    const auto e = vec::exp(d, hn::Neg(hn::Abs(v)));  // <= 1
    const auto numerator = hn::IfThenElse(hn::Lt(v, hn::Zero(d)), e, one);
    hn::StoreU(hn::Div(numerator, hn::Add(one, e)), d, out + i);
  });
}

// Float only; in double, which nothing is trained in, the plain loop below does.
HWY_INLINE void dropout_loop(const std::uint32_t* words, std::uint32_t threshold, float scale,
                             const float* x, float* out, std::uint8_t* keep, std::int64_t n) {
  static_assert(std::endian::native == std::endian::little, "element 2i is the low half of word i");
  const auto* halves = reinterpret_cast<const std::uint16_t*>(words);
  for_each_vector<float>(n, [=](auto d, std::int64_t i) HWY_ATTR {
    const hn::RebindToSigned<decltype(d)> di;
    const hn::Rebind<std::uint16_t, decltype(d)> d16;
    const hn::Rebind<std::uint8_t, decltype(d)> d8;
    const auto lane = hn::PromoteTo(di, hn::LoadU(d16, halves + i));
    const auto dropped = hn::Lt(lane, hn::Set(di, static_cast<std::int32_t>(threshold)));
    hn::StoreU(hn::DemoteTo(d8, hn::IfThenZeroElse(dropped, hn::Set(di, 1))), d8, keep + i);
    const auto scaled = hn::Mul(hn::Set(d, scale), hn::LoadU(d, x + i));
    hn::StoreU(hn::IfThenZeroElse(hn::RebindMask(d, dropped), scaled), d, out + i);
  });
}

HWY_INLINE void dropout_loop(const std::uint32_t* words, std::uint32_t threshold, double scale,
                             const double* x, double* out, std::uint8_t* keep, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const bool kept = ((words[i / 2] >> (16 * (i % 2))) & 0xFFFFU) >= threshold;
    keep[i] = kept ? 1 : 0;
    out[i] = kept ? scale * x[i] : 0;
  }
}

template <class T>
HWY_INLINE void apply_mask_loop(const std::uint8_t* HWY_RESTRICT keep, T scale,
                                const T* HWY_RESTRICT x, T* HWY_RESTRICT out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = keep[i] != 0 ? scale * x[i] : T{0};
  }
}

// Exported functions cannot be templates.
#define ATTUNE_DEFINE(T, SUFFIX)                                                                  \
  void elu_##SUFFIX(const T* x, T* out, std::int64_t n) {                                         \
    elu_loop<T>(x, out, n);                                                                       \
  }                                                                                               \
  void elu_backward_##SUFFIX(const T* grad_y, const T* y, T* grad_x, std::int64_t n) {            \
    elu_backward_loop<T>(grad_y, y, grad_x, n);                                                   \
  }                                                                                               \
  void bias_elu_##SUFFIX(const T* x, const T* bias, std::int64_t width, T* out, std::int64_t n) { \
    bias_elu_loop<T>(x, bias, width, out, n);                                                     \
  }                                                                                               \
  void bias_elu_backward_##SUFFIX(const T* grad_y, const T* y, std::int64_t width, T* grad_x,     \
                                  T* grad_bias, std::int64_t n) {                                 \
    bias_elu_backward_loop<T>(grad_y, y, width, grad_x, grad_bias, n);                            \
  }                                                                                               \
  void sigmoid_##SUFFIX(const T* x, T* out, std::int64_t n) {                                     \
    sigmoid_loop<T>(x, out, n);                                                                   \
  }                                                                                               \
  void exp_in_place_##SUFFIX(T* x, std::int64_t n) {                                              \
    vec::exp_in_place<T>(x, n);                                                                   \
  }                                                                                               \
  void dropout_##SUFFIX(const std::uint32_t* words, std::uint32_t threshold, T scale, const T* x, \
                        T* out, std::uint8_t* keep, std::int64_t n) {                             \
    dropout_loop(words, threshold, scale, x, out, keep, n);                                       \
  }                                                                                               \
  void apply_mask_##SUFFIX(const std::uint8_t* keep, T scale, const T* x, T* out,                 \
                           std::int64_t n) {                                                      \
    apply_mask_loop<T>(keep, scale, x, out, n);                                                   \
  }

ATTUNE_DEFINE(float, f32)
ATTUNE_DEFINE(double, f64)
#undef ATTUNE_DEFINE

}  // namespace attune::ops::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::ops::kernels {

#define ATTUNE_EXPORT(T, SUFFIX)                                                              \
  HWY_EXPORT(elu_##SUFFIX);                                                                   \
  HWY_EXPORT(elu_backward_##SUFFIX);                                                          \
  HWY_EXPORT(bias_elu_##SUFFIX);                                                              \
  HWY_EXPORT(bias_elu_backward_##SUFFIX);                                                     \
  HWY_EXPORT(sigmoid_##SUFFIX);                                                               \
  HWY_EXPORT(exp_in_place_##SUFFIX);                                                          \
  HWY_EXPORT(dropout_##SUFFIX);                                                               \
  HWY_EXPORT(apply_mask_##SUFFIX);                                                            \
                                                                                              \
  template <>                                                                                 \
  void elu<T>(const T* x, T* out, std::int64_t n) {                                           \
    HWY_DYNAMIC_DISPATCH(elu_##SUFFIX)(x, out, n);                                            \
  }                                                                                           \
  template <>                                                                                 \
  void elu_backward<T>(const T* grad_y, const T* y, T* grad_x, std::int64_t n) {              \
    HWY_DYNAMIC_DISPATCH(elu_backward_##SUFFIX)(grad_y, y, grad_x, n);                        \
  }                                                                                           \
  template <>                                                                                 \
  void bias_elu<T>(const T* x, const T* bias, std::int64_t width, T* out, std::int64_t n) {   \
    HWY_DYNAMIC_DISPATCH(bias_elu_##SUFFIX)(x, bias, width, out, n);                          \
  }                                                                                           \
  template <>                                                                                 \
  void bias_elu_backward<T>(const T* grad_y, const T* y, std::int64_t width, T* grad_x,       \
                            T* grad_bias, std::int64_t n) {                                   \
    HWY_DYNAMIC_DISPATCH(bias_elu_backward_##SUFFIX)(grad_y, y, width, grad_x, grad_bias, n); \
  }                                                                                           \
  template <>                                                                                 \
  void sigmoid<T>(const T* x, T* out, std::int64_t n) {                                       \
    HWY_DYNAMIC_DISPATCH(sigmoid_##SUFFIX)(x, out, n);                                        \
  }                                                                                           \
  template <>                                                                                 \
  void exp_in_place<T>(T * x, std::int64_t n) {                                               \
    HWY_DYNAMIC_DISPATCH(exp_in_place_##SUFFIX)(x, n);                                        \
  }                                                                                           \
  template <>                                                                                 \
  void dropout<T>(const std::uint32_t* words, std::uint32_t threshold, T scale, const T* x,   \
                  T* out, std::uint8_t* keep, std::int64_t n) {                               \
    HWY_DYNAMIC_DISPATCH(dropout_##SUFFIX)(words, threshold, scale, x, out, keep, n);         \
  }                                                                                           \
  template <>                                                                                 \
  void apply_mask<T>(const std::uint8_t* keep, T scale, const T* x, T* out, std::int64_t n) { \
    HWY_DYNAMIC_DISPATCH(apply_mask_##SUFFIX)(keep, scale, x, out, n);                        \
  }

ATTUNE_EXPORT(float, f32)
ATTUNE_EXPORT(double, f64)
#undef ATTUNE_EXPORT

}  // namespace attune::ops::kernels
#endif  // HWY_ONCE
