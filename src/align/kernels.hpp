#pragma once

#include <concepts>
#include <cstdint>

namespace attune::align {

/// The union of the queries and keys of a problem, centred and divided by sigma, as the sweep over
/// the Gaussian kernel sees it. weight is 1/n on queries, -1/m on keys and 0 on padding.
template <std::floating_point T>
struct MmdPoints {
  std::int64_t channels;
  std::int64_t width;   ///< of a row: row_width(channels + 1)
  const T* rows;        ///< [tiles * 64, width]: the channels, then a one
  const T* panels;      ///< [tiles, channels, 64]
  const T* half_norms;  ///< [tiles * 64], -|z|^2 / 2
  const T* weights;     ///< [tiles * 64]
};

inline constexpr double kMlpSlope = 0.1;  // of the leaky ReLU

/// Lanes that a derivative with respect to a parameter is spread over until the end of a block.
inline constexpr std::int64_t kGradientLanes = 16;

/// A small network (align::Network), or the sums of its derivatives, kGradientLanes numbers a
/// parameter. Without highway, gate and transform are null. A tied transform points at the gate.
template <std::floating_point T, class P = const T>
struct NetworkView {
  std::int64_t channels;
  std::int64_t hidden;
  std::int64_t out_channels;
  P* gate_w;
  P* gate_b;
  P* trans_w;
  P* trans_b;
  P* fc1_w;
  P* fc1_b;
  P* fc2_w;
  P* fc2_b;
};

/// Panels that a network leaves for its backward pass or works in.
template <std::floating_point T>
struct NetworkScratch {
  T* gate;  ///< [channels, 64], as are transform, mixed and grad_mixed
  T* transform;
  T* mixed;
  T* hidden;  ///< [hidden, 64], as is grad_hidden
  T* grad_mixed;
  T* grad_hidden;
};

/// The loops over tiles, compiled once an instruction set.
template <std::floating_point T>
struct Kernels {
  /// The network on a panel of points.
  /// @param keep  what to multiply the input of the MLP with, [channels, 64]; null: nothing
  void (*network_forward)(const NetworkView<T>& net, const T* x, const T* keep,
                          const NetworkScratch<T>& scratch, T* out);

  /// Its derivative, after network_forward on the same points. Points with grad_out 0 add nothing.
  void (*network_backward)(const NetworkView<T>& net, const T* x, const T* keep,
                           const NetworkScratch<T>& scratch, const T* grad_out, T* grad_x,
                           const NetworkView<T, T>& grads);

  /// From the discriminator's logits of 64 points, of which `count` are real, to the derivatives of
  /// the GAN loss times weight. Returns the loss of the points, not weighted.
  double (*gan_logits)(bool queries, std::int64_t count, T weight, T* logits);

  /// W_ij = weight_i weight_j exp(-|z_i - z_j|^2 / 2) of the tile (row_tile, col_tile). Adds W
  /// rows[col_tile] to row_sums [64, width] and its transpose times rows[row_tile] to the panel
  /// col_sums [channels + 1, 64]; either may be null.
  /// @return  sum of W
  double (*mmd_tile)(const MmdPoints<T>& points, std::int64_t row_tile, std::int64_t col_tile,
                     T* row_sums, T* col_sums);
};

/// The kernels for this processor.
template <std::floating_point T>
[[nodiscard]] const Kernels<T>& kernels() noexcept;

}  // namespace attune::align
