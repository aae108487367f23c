#pragma once

#include <concepts>
#include <cstdint>

namespace attune::ops::kernels {

/// Rows [rows, width] that are normalised.
template <std::floating_point T>
struct NormRows {
  const T* x = nullptr;
  const T* residual = nullptr;  ///< added first; null: nothing is
  const T* gamma = nullptr;     ///< [width]
  const T* beta = nullptr;      ///< [width]
  std::int64_t rows = 0;
  std::int64_t width = 0;
  T epsilon = 0;
};

/// Writes y, the rows before gamma and beta, and 1 / sqrt(variance + epsilon) of each row.
/// `normalized` may be where x is.
template <std::floating_point T>
void layer_norm(const NormRows<T>& in, T* y, T* normalized, T* inverse_deviation);

/// Writes grad_x from grad_y; adds to grad_gamma and grad_beta, [width] each.
template <std::floating_point T>
void layer_norm_backward(const T* grad_y, const T* gamma, const T* normalized,
                         const T* inverse_deviation, std::int64_t rows, std::int64_t width,
                         T* grad_x, T* grad_gamma, T* grad_beta);

}  // namespace attune::ops::kernels
