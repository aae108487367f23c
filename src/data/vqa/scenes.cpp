#include <algorithm>
#include <cmath>

#include "data/vqa/dice.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/vqa/scenes.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::string_view kSizes[] = {"small", "large"};
constexpr std::string_view kColors[] = {"red",    "green",  "blue",  "yellow",
                                        "purple", "orange", "white", "black"};
constexpr std::string_view kMaterials[] = {"metal", "rubber", "glass"};
constexpr std::string_view kShapes[] = {"cube", "sphere", "cylinder", "cone"};

constexpr double kEdge = 0.08;   // nothing lies nearer to the edge
constexpr double kApart = 0.17;  // nor, if it can be helped, to another object

/// Three decimals, so that JSON says it exactly.
double draw_place(Dice& dice) {
  constexpr double kSteps = 1000;
  return std::round((kEdge + (1 - 2 * kEdge) * dice.uniform()) * kSteps) / kSteps;
}

double nearest(const std::vector<SceneObject>& objects, double x, double y) {
  double least = 2;
  for (const SceneObject& other : objects) {
    least = std::min(least, std::hypot(x - other.x, y - other.y));
  }
  return least;
}

/// The first of some places that is far enough from all others, else the farthest.
void draw_position(Dice& dice, const std::vector<SceneObject>& others, SceneObject& object) {
  constexpr int kTries = 64;
  double best = -1;
  for (int i = 0; i < kTries && best < kApart; ++i) {
    const double x = draw_place(dice);
    const double y = draw_place(dice);
    const double distance = nearest(others, x, y);
    if (distance > best) {
      best = distance;
      object.x = x;
      object.y = y;
    }
  }
}

}  // namespace

std::string_view to_string(SceneAttribute attribute) noexcept {
  constexpr std::string_view kNames[] = {"size", "color", "material", "shape"};
  return kNames[static_cast<std::size_t>(attribute)];
}

std::span<const std::string_view> scene_values(SceneAttribute attribute) noexcept {
  switch (attribute) {
    case SceneAttribute::size:
      return kSizes;
    case SceneAttribute::color:
      return kColors;
    case SceneAttribute::material:
      return kMaterials;
    case SceneAttribute::shape:
      break;
  }
  return kShapes;
}

Scene draw_scene(std::uint64_t seed, std::int64_t id, std::int64_t min_objects,
                 std::int64_t max_objects) {
  constexpr std::int64_t kMostObjects = 20;
  if (min_objects < 1 || max_objects < min_objects || max_objects > kMostObjects) {
    throw InvalidArgument(text("draw_scene: expected 1 <= min_objects <= max_objects <= ",
                               kMostObjects, ", got ", min_objects, " and ", max_objects));
  }
  if (id < 0 || id >= std::int64_t{1} << 36) {
    throw InvalidArgument(text("draw_scene: id must be in [0, 2^36), got ", id));
  }
  Dice dice(seed, kObjects, id);
  Scene scene{.id = id};
  const std::int64_t count =
      min_objects + dice.below(static_cast<int>(max_objects - min_objects + 1));
  for (std::int64_t i = 0; i < count; ++i) {
    SceneObject object;
    for (const SceneAttribute attribute : kSceneAttributes) {
      object.values[static_cast<std::size_t>(attribute)] =
          dice.below(static_cast<int>(scene_values(attribute).size()));
    }
    draw_position(dice, scene.objects, object);
    scene.objects.push_back(object);
  }
  return scene;
}

std::string scene_json(const Scene& scene) {
  std::string out = text("{\"image_id\": ", scene.id, ", \"objects\": [");
  for (std::size_t i = 0; i < scene.objects.size(); ++i) {
    const SceneObject& object = scene.objects[i];
    out += i == 0 ? "{" : ", {";
    for (const SceneAttribute attribute : kSceneAttributes) {
      out += text('"', to_string(attribute), "\": \"", object.name(attribute), "\", ");
    }
    out += text("\"x\": ", object.x, ", \"y\": ", object.y, "}");
  }
  return out + "]}";
}

}  // namespace attune::data
