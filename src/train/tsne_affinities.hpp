#pragma once

#include "train/tsne_start.hpp"
#include <attune/core/tensor.hpp>

namespace attune::train {

/// Affinities p_ij of t-SNE: symmetric, zero on the diagonal, with sum 1.
/// @param perplexity  in [1, num_points - 1]
/// @return [num_points, num_points] in float32
[[nodiscard]] core::Tensor tsne_affinities(const CenteredPoints& points, double perplexity);

}  // namespace attune::train
