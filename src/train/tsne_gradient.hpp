#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <attune/core/tensor.hpp>

namespace attune::train {

/// Points in the plane, or what is to be done to them, a coordinate apart.
struct PlanePoints {
  explicit PlanePoints(std::int64_t n)
      : x(static_cast<std::size_t>(n)), y(static_cast<std::size_t>(n)) {}

  std::vector<float> x;
  std::vector<float> y;
};

/// Gradient of KL(exaggeration P || Q) with respect to the map:
///
///     4 sum_j (exaggeration p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2)
///
/// @param affinities  [n, n]
void tsne_gradient(const core::Tensor& affinities, const PlanePoints& map, double exaggeration,
                   PlanePoints& gradient);

/// KL(P || Q).
[[nodiscard]] double tsne_divergence(const core::Tensor& affinities, const PlanePoints& map);

}  // namespace attune::train
