#pragma once

#include <concepts>
#include <cstdint>

namespace attune::ops::kernels {

// Over n elements that one task owns; input and output may be the same.

/// out[i] = gelu(x[i]).
template <std::floating_point T>
void gelu(const T* x, T* out, std::int64_t n);
template <std::floating_point T>
void gelu_tanh(const T* x, T* out, std::int64_t n);

/// grad_x[i] = grad_y[i] * gelu'(x[i]).
template <std::floating_point T>
void gelu_backward(const T* grad_y, const T* x, T* grad_x, std::int64_t n);
template <std::floating_point T>
void gelu_tanh_backward(const T* grad_y, const T* x, T* grad_x, std::int64_t n);

}  // namespace attune::ops::kernels
