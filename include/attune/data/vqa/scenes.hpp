#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

/// What distinguishes the objects of a generated scene.
enum class SceneAttribute : std::uint8_t { size, color, material, shape };

/// All of them, in the order in which a description names them.
inline constexpr std::array<SceneAttribute, 4> kSceneAttributes = {
    SceneAttribute::size, SceneAttribute::color, SceneAttribute::material, SceneAttribute::shape};

/// `size`, `color`, `material` or `shape`.
[[nodiscard]] std::string_view to_string(SceneAttribute attribute) noexcept;

/// What an attribute may be: small and large; eight colors; metal, rubber and glass; cube, sphere,
/// cylinder and cone.
[[nodiscard]] std::span<const std::string_view> scene_values(SceneAttribute attribute) noexcept;

/// An object and where it is.
struct SceneObject {
  std::array<int, kSceneAttributes.size()> values = {};  ///< indices into scene_values()
  double x = 0;                                          ///< from left, 0, to right, 1
  double y = 0;                                          ///< from above, 0, to below, 1

  /// Index into scene_values(attribute).
  [[nodiscard]] int value(SceneAttribute attribute) const noexcept {
    return values[static_cast<std::size_t>(attribute)];
  }
  /// Its name.
  [[nodiscard]] std::string_view name(SceneAttribute attribute) const noexcept {
    return scene_values(attribute)[static_cast<std::size_t>(value(attribute))];
  }
};

/// Objects on a plane.
struct Scene {
  std::int64_t id = 0;                    ///< of its picture
  std::vector<SceneObject> objects = {};  ///< in no order
};

/// A scene of min_objects to max_objects objects that lie apart; a function of (seed, id).
/// @throws InvalidArgument  not 1 <= min_objects <= max_objects <= 20, an id outside [0, 2^36)
[[nodiscard]] Scene draw_scene(std::uint64_t seed, std::int64_t id, std::int64_t min_objects = 5,
                               std::int64_t max_objects = 12);

/// One line of JSON: `{"image_id": 7, "objects": [{"size": "small", ..., "x": 0.5, "y": 0.25}]}`.
[[nodiscard]] std::string scene_json(const Scene& scene);

}  // namespace attune::data
