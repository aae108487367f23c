#include "ops/kernels.hpp"

#include <cmath>

namespace attune::ops::kernels {

template <std::floating_point T>
void elu(const T* x, T* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = x[i] > 0 ? x[i] : std::expm1(x[i]);
  }
}

template <std::floating_point T>
void elu_backward(const T* grad_y, const T* y, T* grad_x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    grad_x[i] = grad_y[i] * (y[i] > 0 ? T{1} : y[i] + 1);
  }
}

template <std::floating_point T>
void sigmoid(const T* x, T* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T e = std::exp(-std::abs(x[i]));  // <= 1
    out[i] = (x[i] < 0 ? e : T{1}) / (1 + e);
  }
}

template <std::floating_point T>
void exp_in_place(T* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    x[i] = std::exp(x[i]);
  }
}

template <std::floating_point T>
void dropout(const std::uint32_t* words, std::uint32_t threshold, T scale, const T* x, T* out,
             std::uint8_t* keep, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint32_t lane = (words[i / 2] >> (16 * (i % 2))) & 0xFFFFU;
    keep[i] = lane >= threshold ? 1 : 0;
    out[i] = lane >= threshold ? scale * x[i] : T{0};
  }
}

template <std::floating_point T>
void apply_mask(const std::uint8_t* keep, T scale, const T* x, T* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = keep[i] != 0 ? scale * x[i] : T{0};
  }
}

#define ATTUNE_INSTANTIATE(T)                                                                   \
  template void elu<T>(const T*, T*, std::int64_t);                                             \
  template void elu_backward<T>(const T*, const T*, T*, std::int64_t);                          \
  template void sigmoid<T>(const T*, T*, std::int64_t);                                         \
  template void exp_in_place<T>(T*, std::int64_t);                                              \
  template void dropout<T>(const std::uint32_t*, std::uint32_t, T, const T*, T*, std::uint8_t*, \
                           std::int64_t);                                                       \
  template void apply_mask<T>(const std::uint8_t*, T, const T*, T*, std::int64_t);

ATTUNE_INSTANTIATE(float)
ATTUNE_INSTANTIATE(double)

}  // namespace attune::ops::kernels
