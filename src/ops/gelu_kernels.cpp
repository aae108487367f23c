#include "ops/gelu_kernels.hpp"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gelu_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/exp-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::ops::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
namespace vec = core::HWY_NAMESPACE;

// Calls f(d, i) for whole vectors, then for one element at a time.
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

// Phi(x) and exp(-x^2 / 2).
template <class V>
struct Normal {
  V below;
  V bell;
};

// With z = |x| / sqrt(2) and t = 1 / (1 + z / 2), half of erfc(z) is exp(-z^2) t Q(t), Q of degree
// ten with a relative error of 2e-9 for z up to 10; both tails of Phi come from it without
// cancellation.
template <class D>
requires(sizeof(hn::TFromD<D>) == 4) HWY_INLINE Normal<hn::Vec<D>> normal(D d, hn::Vec<D> x) {
  const auto z = hn::Mul(hn::Abs(x), hn::Set(d, 0.707106781F));
  const auto bell = vec::exp(d, hn::Neg(hn::Mul(z, z)));
  const auto t = hn::Div(hn::Set(d, 1.0F), hn::MulAdd(z, hn::Set(d, 0.5F), hn::Set(d, 1.0F)));
  auto q = hn::MulAdd(t, hn::Set(d, 0.0176879235F), hn::Set(d, -0.0943542435F));
  q = hn::MulAdd(t, q, hn::Set(d, 0.187681766F));
  q = hn::MulAdd(t, q, hn::Set(d, -0.140252479F));
  q = hn::MulAdd(t, q, hn::Set(d, -0.0153186305F));
  q = hn::MulAdd(t, q, hn::Set(d, 0.0204508315F));
  q = hn::MulAdd(t, q, hn::Set(d, 0.0262728646F));
  q = hn::MulAdd(t, q, hn::Set(d, 0.0931240168F));
  q = hn::MulAdd(t, q, hn::Set(d, 0.122531973F));
  q = hn::MulAdd(t, q, hn::Set(d, 0.141131968F));
  q = hn::MulAdd(t, q, hn::Set(d, 0.141044012F));
  const auto tail = hn::Mul(hn::Mul(bell, t), q);
  const auto below = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(hn::Set(d, 1.0F), tail));
  return {below, bell};
}

// Nothing is trained in double: the library's function, one lane after another.
template <class D>
requires(sizeof(hn::TFromD<D>) == 8) HWY_INLINE Normal<hn::Vec<D>> normal(D d, hn::Vec<D> x) {
  HWY_ALIGN double lanes[hn::MaxLanes(D())];
  hn::Store(x, d, lanes);
  for (double& lane : lanes) {
    lane = 0.5 * std::erfc(-lane * 0.70710678118654752440);
  }
  const auto bell = vec::exp(d, hn::Mul(hn::Set(d, -0.5), hn::Mul(x, x)));
  return {hn::Load(d, lanes), bell};
}

template <class T>
HWY_INLINE void gelu_loop(const T* x, T* out, std::int64_t n) {
  for_each_vector<T>(n, [=](auto d, std::int64_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    hn::StoreU(hn::Mul(v, normal(d, v).below), d, out + i);
  });
}

// Phi(x) + x phi(x).
template <class T>
HWY_INLINE void gelu_backward_loop(const T* grad_y, const T* x, T* grad_x, std::int64_t n) {
  constexpr T kDensity = static_cast<T>(0.39894228040143267794);
  for_each_vector<T>(n, [=](auto d, std::int64_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    const auto p = normal(d, v);
    const auto slope = hn::MulAdd(hn::Mul(v, hn::Set(d, kDensity)), p.bell, p.below);
    hn::StoreU(hn::Mul(hn::LoadU(d, grad_y + i), slope), d, grad_x + i);
  });
}

// (1 + tanh(u)) / 2 = 1 / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V smooth_step(D d, V x) {
  using T = hn::TFromD<D>;
  const auto cubic = hn::MulAdd(hn::Mul(x, x), hn::Set(d, static_cast<T>(0.044715)),
                                hn::Set(d, static_cast<T>(1)));
  const auto u2 = hn::Mul(hn::Mul(x, hn::Set(d, static_cast<T>(1.59576912160573071176))), cubic);
  const auto e = vec::exp(d, hn::Neg(hn::Abs(u2)));  // <= 1
  const auto one = hn::Set(d, static_cast<T>(1));
  return hn::Div(hn::IfThenElse(hn::Lt(u2, hn::Zero(d)), e, one), hn::Add(one, e));
}

template <class T>
HWY_INLINE void gelu_tanh_loop(const T* x, T* out, std::int64_t n) {
  for_each_vector<T>(n, [=](auto d, std::int64_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    hn::StoreU(hn::Mul(v, smooth_step(d, v)), d, out + i);
  });
}

// s + x s (1 - s) 2 u'.
template <class T>
HWY_INLINE void gelu_tanh_backward_loop(const T* grad_y, const T* x, T* grad_x, std::int64_t n) {
  constexpr T kSlope = static_cast<T>(1.59576912160573071176);
  for_each_vector<T>(n, [=](auto d, std::int64_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    const auto s = smooth_step(d, v);
    const auto u2 = hn::MulAdd(hn::Mul(v, v), hn::Set(d, static_cast<T>(3 * 0.044715) * kSlope),
                               hn::Set(d, kSlope));
    const auto bend = hn::Mul(s, hn::Sub(hn::Set(d, static_cast<T>(1)), s));
    const auto slope = hn::MulAdd(hn::Mul(v, bend), u2, s);
    hn::StoreU(hn::Mul(hn::LoadU(d, grad_y + i), slope), d, grad_x + i);
  });
}

// Exported functions cannot be templates.
#define ATTUNE_DEFINE(T, SUFFIX)                                                             \
  void gelu_##SUFFIX(const T* x, T* out, std::int64_t n) {                                   \
    gelu_loop<T>(x, out, n);                                                                 \
  }                                                                                          \
  void gelu_tanh_##SUFFIX(const T* x, T* out, std::int64_t n) {                              \
    gelu_tanh_loop<T>(x, out, n);                                                            \
  }                                                                                          \
  void gelu_backward_##SUFFIX(const T* grad_y, const T* x, T* grad_x, std::int64_t n) {      \
    gelu_backward_loop<T>(grad_y, x, grad_x, n);                                             \
  }                                                                                          \
  void gelu_tanh_backward_##SUFFIX(const T* grad_y, const T* x, T* grad_x, std::int64_t n) { \
    gelu_tanh_backward_loop<T>(grad_y, x, grad_x, n);                                        \
  }

ATTUNE_DEFINE(float, f32)
ATTUNE_DEFINE(double, f64)
#undef ATTUNE_DEFINE

}  // namespace attune::ops::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::ops::kernels {

#define ATTUNE_EXPORT(T, SUFFIX)                                                       \
  HWY_EXPORT(gelu_##SUFFIX);                                                           \
  HWY_EXPORT(gelu_tanh_##SUFFIX);                                                      \
  HWY_EXPORT(gelu_backward_##SUFFIX);                                                  \
  HWY_EXPORT(gelu_tanh_backward_##SUFFIX);                                             \
                                                                                       \
  template <>                                                                          \
  void gelu<T>(const T* x, T* out, std::int64_t n) {                                   \
    HWY_DYNAMIC_DISPATCH(gelu_##SUFFIX)(x, out, n);                                    \
  }                                                                                    \
  template <>                                                                          \
  void gelu_tanh<T>(const T* x, T* out, std::int64_t n) {                              \
    HWY_DYNAMIC_DISPATCH(gelu_tanh_##SUFFIX)(x, out, n);                               \
  }                                                                                    \
  template <>                                                                          \
  void gelu_backward<T>(const T* grad_y, const T* x, T* grad_x, std::int64_t n) {      \
    HWY_DYNAMIC_DISPATCH(gelu_backward_##SUFFIX)(grad_y, x, grad_x, n);                \
  }                                                                                    \
  template <>                                                                          \
  void gelu_tanh_backward<T>(const T* grad_y, const T* x, T* grad_x, std::int64_t n) { \
    HWY_DYNAMIC_DISPATCH(gelu_tanh_backward_##SUFFIX)(grad_y, x, grad_x, n);           \
  }

ATTUNE_EXPORT(float, f32)
ATTUNE_EXPORT(double, f64)
#undef ATTUNE_EXPORT

}  // namespace attune::ops::kernels
#endif  // HWY_ONCE
