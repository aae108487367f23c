#pragma once

#include <concepts>
#include <cstdint>

namespace attune::ops::kernels {

// The loops whose speed depends on vector instructions, over n elements that one task owns. Inputs
// and outputs do not overlap unless said otherwise.

/// Elements that a row of a cyclic buffer is longer than its width: as many as any vector holds.
inline constexpr std::int64_t kCyclicPadding = 64;

/// out[i] = elu(x[i]).
template <std::floating_point T>
void elu(const T* x, T* out, std::int64_t n);

/// grad_x[i] = grad_y[i] * elu'(x[i]), from y = elu(x).
template <std::floating_point T>
void elu_backward(const T* grad_y, const T* y, T* grad_x, std::int64_t n);

/// out[i] = elu(x[i] + bias[i % width]) over whole rows.
/// @param bias  [width + kCyclicPadding], the bias repeated as often as it takes
template <std::floating_point T>
void bias_elu(const T* x, const T* bias, std::int64_t width, T* out, std::int64_t n);

/// elu_backward over whole rows, with grad_bias[i % width] += grad_x[i] on the way.
/// @param grad_bias  [width + kCyclicPadding]; what lands at width and beyond belongs to its
///                   position modulo width
template <std::floating_point T>
void bias_elu_backward(const T* grad_y, const T* y, std::int64_t width, T* grad_x, T* grad_bias,
                       std::int64_t n);

template <std::floating_point T>
void sigmoid(const T* x, T* out, std::int64_t n);

/// x[i] = exp(x[i]), in place.
template <std::floating_point T>
void exp_in_place(T* x, std::int64_t n);

/// out[i] = keep[i] * scale * x[i], with keep[i] = (16-bit lane i of words) >= threshold, which it
/// notes as 0 or 1. A dropped element yields 0 whatever it was, NaN included.
template <std::floating_point T>
void dropout(const std::uint32_t* words, std::uint32_t threshold, T scale, const T* x, T* out,
             std::uint8_t* keep, std::int64_t n);

/// out[i] = keep[i] * scale * x[i].
template <std::floating_point T>
void apply_mask(const std::uint8_t* keep, T scale, const T* x, T* out, std::int64_t n);

}  // namespace attune::ops::kernels
