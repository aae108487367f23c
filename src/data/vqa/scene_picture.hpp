#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <attune/data/vqa/scenes.hpp>

namespace attune::data {

inline constexpr int kPictureWidth = 160;   // pixels
inline constexpr int kPictureHeight = 120;  // pixels

/// Where an object is in the picture, in pixels: left, top, right, bottom.
[[nodiscard]] std::array<double, 4> scene_box(const SceneObject& object);

/// A picture as binary PPM (P6): squares, circles, tall rectangles and triangles in their colors;
/// metal shines, rubber is plain, glass is a grid.
[[nodiscard]] std::string scene_picture(const Scene& scene);

}  // namespace attune::data
