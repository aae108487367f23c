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

/// The loops over tiles, compiled once an instruction set.
template <std::floating_point T>
struct Kernels {
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
