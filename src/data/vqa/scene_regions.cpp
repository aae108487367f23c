#include "data/vqa/scene_regions.hpp"

#include <array>
#include <cmath>
#include <span>

#include "data/vqa/dice.hpp"
#include "data/vqa/scene_picture.hpp"
#include <attune/data/npz.hpp>

namespace attune::data {

namespace {

// Directions that add up to one object: one an attribute, and two that its place is along.
constexpr std::size_t kTerms = kSceneAttributes.size() + 2;

std::int64_t num_values() {
  std::int64_t count = 0;
  for (const SceneAttribute attribute : kSceneAttributes) {
    count += std::ssize(scene_values(attribute));
  }
  return count;
}

struct Term {
  std::int64_t direction;
  double length;
};

std::array<Term, kTerms> terms(const SceneObject& object) {
  // From the middle to the edge twice the length of an attribute: places matter as much.
  constexpr double kPlace = 2;
  std::array<Term, kTerms> out{};
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < kSceneAttributes.size(); ++i) {
    out[i] = {begin + object.values[i], 1};
    begin += std::ssize(scene_values(kSceneAttributes[i]));
  }
  out[kTerms - 2] = {begin, kPlace * (2 * object.x - 1)};
  out[kTerms - 1] = {begin + 1, kPlace * (2 * object.y - 1)};
  return out;
}

NpyArray whole_number(std::int64_t value) {
  return NpyArray::from(std::span<const std::int64_t>(&value, 1), {});
}

NpyArray boxes(const Scene& scene) {
  std::vector<float> corners;
  for (const SceneObject& object : scene.objects) {
    for (const double corner : scene_box(object)) {
      corners.push_back(static_cast<float>(corner));
    }
  }
  return NpyArray::from(std::span<const float>(corners), {std::ssize(scene.objects), 4});
}

}  // namespace

SceneRegions::SceneRegions(std::uint64_t seed, std::int64_t channels, double noise)
    : seed_(seed), channels_(channels), noise_(noise) {
  Dice dice(seed, kProjection, 0);
  const double scale = 1 / std::sqrt(static_cast<double>(kTerms));
  directions_.resize(static_cast<std::size_t>((num_values() + 2) * channels));
  for (double& weight : directions_) {
    weight = scale * dice.normal();
  }
}

std::vector<float> SceneRegions::features(const Scene& scene) const {
  Dice dice(seed_, kRegionNoise, scene.id);
  const std::int64_t objects = std::ssize(scene.objects);
  std::vector<float> out(static_cast<std::size_t>(channels_ * objects));
  for (std::int64_t i = 0; i < objects; ++i) {
    const auto parts = terms(scene.objects[static_cast<std::size_t>(i)]);
    for (std::int64_t c = 0; c < channels_; ++c) {
      double sum = noise_ * dice.normal();
      for (const Term& term : parts) {
        sum += term.length * directions_[static_cast<std::size_t>(term.direction * channels_ + c)];
      }
      out[static_cast<std::size_t>(c * objects + i)] = static_cast<float>(sum);
    }
  }
  return out;
}

std::string SceneRegions::npz(const Scene& scene) const {
  const std::vector<float> x = features(scene);
  const std::int64_t objects = std::ssize(scene.objects);
  return encode_npz({{"x", NpyArray::from(std::span<const float>(x), {channels_, objects})},
                     {"bbox", boxes(scene)},
                     {"num_bbox", whole_number(objects)},
                     {"image_w", whole_number(kPictureWidth)},
                     {"image_h", whole_number(kPictureHeight)}});
}

}  // namespace attune::data
