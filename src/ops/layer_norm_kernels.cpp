#include "ops/layer_norm_kernels.hpp"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/layer_norm_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::ops::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Sum of f(x[i]) over a row; f takes a tag and an index.
template <class T, class F>
HWY_INLINE T row_sum(std::int64_t n, F f) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto even = hn::Zero(d);
  auto odd = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    even = hn::Add(even, f(d, i));
    odd = hn::Add(odd, f(d, i + lanes));
  }
  for (; i + lanes <= n; i += lanes) {
    even = hn::Add(even, f(d, i));
  }
  T sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  const hn::CappedTag<T, 1> one;
  for (; i < n; ++i) {
    sum += hn::GetLane(f(one, i));
  }
  return sum;
}

template <class T>
HWY_INLINE void layer_norm_loop(const NormRows<T>& in, T* y, T* normalized, T* inverse_deviation) {
  const std::int64_t c = in.width;
  const T share = T{1} / static_cast<T>(c);
  for (std::int64_t r = 0; r < in.rows; ++r) {
    const T* x = in.x + r * c;
    T* z = normalized + r * c;
    T sum = 0;
    if (in.residual != nullptr) {
      const T* add = in.residual + r * c;
      for (std::int64_t i = 0; i < c; ++i) {
        z[i] = x[i] + add[i];
      }
      x = z;
    }
    sum = row_sum<T>(c, [=](auto d, std::int64_t i) HWY_ATTR { return hn::LoadU(d, x + i); });
    const T mean = sum * share;
    const T squares = row_sum<T>(c, [=](auto d, std::int64_t i) HWY_ATTR {
      const auto centred = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean));
      return hn::Mul(centred, centred);
    });
    const T inverse = T{1} / std::sqrt(squares * share + in.epsilon);
    inverse_deviation[r] = inverse;
    T* out = y + r * c;
    for (std::int64_t i = 0; i < c; ++i) {
      const T value = (x[i] - mean) * inverse;
      z[i] = value;
      out[i] = value * in.gamma[i] + in.beta[i];
    }
  }
}

// With h = grad_y gamma and z the normalised row:  (h - mean(h) - z mean(h z)) / deviation.
template <class T>
HWY_INLINE void backward_loop(const T* grad_y, const T* HWY_RESTRICT gamma, const T* normalized,
                              const T* inverse_deviation, std::int64_t rows, std::int64_t c,
                              T* grad_x, T* HWY_RESTRICT grad_gamma, T* HWY_RESTRICT grad_beta) {
  const T share = T{1} / static_cast<T>(c);
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* HWY_RESTRICT g = grad_y + r * c;
    const T* HWY_RESTRICT z = normalized + r * c;
    T* HWY_RESTRICT out = grad_x + r * c;
    const T mean = share * row_sum<T>(c, [=](auto d, std::int64_t i) HWY_ATTR {
                     return hn::Mul(hn::LoadU(d, g + i), hn::LoadU(d, gamma + i));
                   });
    const T slope = share * row_sum<T>(c, [=](auto d, std::int64_t i) HWY_ATTR {
                      return hn::Mul(hn::Mul(hn::LoadU(d, g + i), hn::LoadU(d, gamma + i)),
                                     hn::LoadU(d, z + i));
                    });
    const T inverse = inverse_deviation[r];
    for (std::int64_t i = 0; i < c; ++i) {
      grad_gamma[i] += g[i] * z[i];
      grad_beta[i] += g[i];
      out[i] = inverse * (g[i] * gamma[i] - mean - z[i] * slope);
    }
  }
}

// Exported functions cannot be templates.
#define ATTUNE_DEFINE(T, SUFFIX)                                                                  \
  void layer_norm_##SUFFIX(const NormRows<T>& in, T* y, T* normalized, T* inverse_deviation) {    \
    layer_norm_loop<T>(in, y, normalized, inverse_deviation);                                     \
  }                                                                                               \
  void layer_norm_backward_##SUFFIX(const T* grad_y, const T* gamma, const T* normalized,         \
                                    const T* inverse_deviation, std::int64_t rows,                \
                                    std::int64_t width, T* grad_x, T* grad_gamma, T* grad_beta) { \
    backward_loop<T>(grad_y, gamma, normalized, inverse_deviation, rows, width, grad_x,           \
                     grad_gamma, grad_beta);                                                      \
  }

ATTUNE_DEFINE(float, f32)
ATTUNE_DEFINE(double, f64)
#undef ATTUNE_DEFINE

}  // namespace attune::ops::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::ops::kernels {

#define ATTUNE_EXPORT(T, SUFFIX)                                                                 \
  HWY_EXPORT(layer_norm_##SUFFIX);                                                               \
  HWY_EXPORT(layer_norm_backward_##SUFFIX);                                                      \
                                                                                                 \
  template <>                                                                                    \
  void layer_norm<T>(const NormRows<T>& in, T* y, T* normalized, T* inverse_deviation) {         \
    HWY_DYNAMIC_DISPATCH(layer_norm_##SUFFIX)(in, y, normalized, inverse_deviation);             \
  }                                                                                              \
  template <>                                                                                    \
  void layer_norm_backward<T>(const T* grad_y, const T* gamma, const T* normalized,              \
                              const T* inverse_deviation, std::int64_t rows, std::int64_t width, \
                              T* grad_x, T* grad_gamma, T* grad_beta) {                          \
    HWY_DYNAMIC_DISPATCH(layer_norm_backward_##SUFFIX)                                           \
    (grad_y, gamma, normalized, inverse_deviation, rows, width, grad_x, grad_gamma, grad_beta);  \
  }

ATTUNE_EXPORT(float, f32)
ATTUNE_EXPORT(double, f64)
#undef ATTUNE_EXPORT

}  // namespace attune::ops::kernels
#endif  // HWY_ONCE
