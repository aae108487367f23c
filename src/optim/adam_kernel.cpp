#include "optim/adam_kernel.hpp"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optim/adam_kernel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::optim::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The elements from i on that fit a vector of `d`. Every multiplication that is followed by an
// addition is fused by name, so that whole vectors and single lanes round alike.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void update_lanes(D d, const AdamCoefficients<T>& c, std::int64_t i, const T* gradient,
                             T* parameter, T* first_moment, T* second_moment) {
  const auto w = hn::LoadU(d, parameter + i);
  const auto g = hn::MulAdd(hn::Set(d, c.weight_decay), w, hn::LoadU(d, gradient + i));
  const auto m = hn::MulAdd(hn::Set(d, c.beta1), hn::LoadU(d, first_moment + i),
                            hn::Mul(hn::Set(d, c.one_minus_beta1), g));
  const auto v = hn::MulAdd(hn::Set(d, c.beta2), hn::LoadU(d, second_moment + i),
                            hn::Mul(hn::Mul(hn::Set(d, c.one_minus_beta2), g), g));
  const auto scale =
      hn::MulAdd(hn::Sqrt(v), hn::Set(d, 1 / c.root_of_correction2), hn::Set(d, c.epsilon));
  hn::StoreU(m, d, first_moment + i);
  hn::StoreU(v, d, second_moment + i);
  const auto kept = hn::Mul(hn::Set(d, c.kept), w);
  hn::StoreU(hn::NegMulAdd(hn::Set(d, c.step_size), hn::Div(m, scale), kept), d, parameter + i);
}

template <class T>
HWY_INLINE void update(const AdamCoefficients<T>& c, std::int64_t n, const T* gradient,
                       T* parameter, T* first_moment, T* second_moment) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    update_lanes(d, c, i, gradient, parameter, first_moment, second_moment);
  }
  for (; i < n; ++i) {
    update_lanes(hn::CappedTag<T, 1>(), c, i, gradient, parameter, first_moment, second_moment);
  }
}

void update_f32(const AdamCoefficients<float>& c, std::int64_t n, const float* gradient,
                float* parameter, float* first_moment, float* second_moment) {
  update(c, n, gradient, parameter, first_moment, second_moment);
}
void update_f64(const AdamCoefficients<double>& c, std::int64_t n, const double* gradient,
                double* parameter, double* first_moment, double* second_moment) {
  update(c, n, gradient, parameter, first_moment, second_moment);
}

}  // namespace attune::optim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::optim {

HWY_EXPORT(update_f32);
HWY_EXPORT(update_f64);

template <>
void adam_update(const AdamCoefficients<float>& c, std::int64_t n, const float* gradient,
                 float* parameter, float* first_moment, float* second_moment) {
  HWY_DYNAMIC_DISPATCH(update_f32)(c, n, gradient, parameter, first_moment, second_moment);
}
template <>
void adam_update(const AdamCoefficients<double>& c, std::int64_t n, const double* gradient,
                 double* parameter, double* first_moment, double* second_moment) {
  HWY_DYNAMIC_DISPATCH(update_f64)(c, n, gradient, parameter, first_moment, second_moment);
}

template <std::floating_point T>
void plain_adam_update(const AdamCoefficients<T>& c, std::int64_t n, const T* gradient,
                       T* parameter, T* first_moment, T* second_moment) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T g = gradient[i] + c.weight_decay * parameter[i];
    const T m = c.beta1 * first_moment[i] + c.one_minus_beta1 * g;
    const T v = c.beta2 * second_moment[i] + c.one_minus_beta2 * g * g;
    first_moment[i] = m;
    second_moment[i] = v;
    parameter[i] = c.kept * parameter[i] -
                   c.step_size * (m / (std::sqrt(v) / c.root_of_correction2 + c.epsilon));
  }
}

template void plain_adam_update(const AdamCoefficients<float>&, std::int64_t, const float*, float*,
                                float*, float*);
template void plain_adam_update(const AdamCoefficients<double>&, std::int64_t, const double*,
                                double*, double*, double*);

}  // namespace attune::optim
#endif
