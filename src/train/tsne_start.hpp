#pragma once

#include <cstdint>
#include <vector>

#include "train/tsne_gradient.hpp"
#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>

namespace attune::train {

/// Points less their mean, in units of their largest entry: none of what is done to them, squares
/// included, can overflow, and no precision is lost to where they were.
struct CenteredPoints {
  std::int64_t n = 0;
  std::int64_t channels = 0;
  std::vector<double> x;  ///< [n, channels], all in [-1, 1]
};

/// @param points  [n, channels] in float64, finite
[[nodiscard]] CenteredPoints center(const core::Tensor& points);

/// Where the descent starts: the first two principal components, small, with some noise.
[[nodiscard]] PlanePoints tsne_start(const CenteredPoints& points,
                                     const core::RandomStream& random);

}  // namespace attune::train
