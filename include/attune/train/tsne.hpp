#pragma once

#include <cstdint>

#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>

namespace attune::train {

/// Settings of tsne().
struct TsneOptions {
  double perplexity = 30;          ///< neighbours that count, in [1, num_points - 1]
  std::int64_t iterations = 1000;  ///< of gradient descent, at least 1; a quarter of them, 250 at
                                   ///< most, with the affinities exaggerated twelvefold
};

/// What tsne() lays out.
struct TsneMap {
  core::Tensor points;       ///< [num_points, 2], centred on the origin
  double kl_divergence = 0;  ///< between the affinities of the points and those of the map
};

/// More points would take more than half a gigabyte.
inline constexpr std::int64_t kMostTsnePoints = 10000;

/// Lays points out in the plane so that near ones stay near. Van der Maaten and Hinton,
/// "Visualizing data using t-SNE", JMLR 9, 2008, exactly: every pair counts.
///
///     p_j|i ~ exp(-|x_i - x_j|^2 / 2 sigma_i^2), sigma_i such that the entropy is log(perplexity)
///     p_ij  = (p_j|i + p_i|j) / 2n,   q_ij ~ 1 / (1 + |y_i - y_j|^2)
///     y     = argmin KL(P || Q)
///
/// by gradient descent with momentum and gains from the first two principal components, made small,
/// with a little noise so that equal points do not stay in one place (Kobak and Berens, Nature
/// Communications 10, 2019). Time O(iterations num_points^2), memory 4 num_points^2 bytes.
/// Distances are taken relative to their mean: the scale of the points does not matter. The same
/// bits on any number of threads.
///
///     const TsneMap map = tsne(points, {.perplexity = 30}, random);
///
/// @param points  [num_points, channels], num_points in [2, kMostTsnePoints], channels >= 1
/// @param random  of the noise
/// @throws ShapeError       points are not of that shape
/// @throws InvalidArgument  perplexity or iterations out of range; a point that is not finite
[[nodiscard]] TsneMap tsne(const core::Tensor& points, const TsneOptions& options,
                           const core::RandomStream& random);

}  // namespace attune::train
