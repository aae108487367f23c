#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <attune/data/vqa/scenes.hpp>

namespace attune::data {

/// What describes the objects of every scene of a data set.
class SceneRegions {
 public:
  SceneRegions(std::uint64_t seed, std::int64_t channels, double noise);

  /// The .npz file of a scene: x [channels, objects], bbox [objects, 4], num_bbox, image_w,
  /// image_h.
  [[nodiscard]] std::string npz(const Scene& scene) const;

 private:
  [[nodiscard]] std::vector<float> features(const Scene& scene) const;

  std::uint64_t seed_;
  std::int64_t channels_;
  double noise_;
  std::vector<double> directions_;  // [values of all attributes, then x and y; channels]
};

}  // namespace attune::data
