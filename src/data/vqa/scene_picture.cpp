#include "data/vqa/scene_picture.hpp"

#include <algorithm>
#include <cmath>

#include <attune/core/text.hpp>

namespace attune::data {

namespace {

struct Rgb {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

constexpr Rgb kGround = {128, 128, 128};
constexpr Rgb kShine = {235, 235, 235};
// In the order of the names of colors.
constexpr Rgb kPaint[] = {{220, 40, 40},  {40, 170, 60},  {50, 80, 220},   {235, 215, 50},
                          {150, 60, 180}, {240, 140, 40}, {250, 250, 250}, {20, 20, 20}};

/// Half the width of an object, in pixels.
double radius(const SceneObject& object) {
  return object.value(SceneAttribute::size) == 0 ? 6 : 11;
}

/// Whether a point, in units of the radius from the middle, is inside a shape.
bool inside(int shape, double x, double y) {
  switch (shape) {
    case 0:  // cube
      return std::max(std::abs(x), std::abs(y)) <= 0.9;
    case 1:  // sphere
      return x * x + y * y <= 1;
    case 2:  // cylinder
      return std::abs(x) <= 0.55 && std::abs(y) <= 1;
    default:  // cone
      return y <= 0.9 && y >= 2 * std::abs(x) - 0.9;
  }
}

/// What a point of an object looks like; column and row are of the picture.
Rgb paint(const SceneObject& object, double x, double y, int column, int row) {
  constexpr int kMetal = 0;
  constexpr int kGlass = 2;
  const int material = object.value(SceneAttribute::material);
  if (material == kMetal && std::hypot(x + 0.3, y + 0.2) < 0.25) {
    return kShine;
  }
  if (material == kGlass && (column + row) % 2 == 0) {
    return kGround;
  }
  return kPaint[object.value(SceneAttribute::color)];
}

class Canvas {
 public:
  Canvas() : pixels_(static_cast<std::size_t>(kPictureWidth * kPictureHeight), kGround) {}

  void draw(const SceneObject& object) {
    const std::array<double, 4> box = scene_box(object);
    const double r = radius(object);
    const double middle_x = object.x * kPictureWidth;
    const double middle_y = object.y * kPictureHeight;
    for (int row = first(box[1]); row < last(box[3], kPictureHeight); ++row) {
      for (int column = first(box[0]); column < last(box[2], kPictureWidth); ++column) {
        const double x = (column + 0.5 - middle_x) / r;
        const double y = (row + 0.5 - middle_y) / r;
        if (inside(object.value(SceneAttribute::shape), x, y)) {
          pixels_[static_cast<std::size_t>(row * kPictureWidth + column)] =
              paint(object, x, y, column, row);
        }
      }
    }
  }

  [[nodiscard]] std::string ppm() const {
    std::string out = core::text("P6\n", kPictureWidth, " ", kPictureHeight, "\n255\n");
    for (const Rgb& pixel : pixels_) {
      out += static_cast<char>(pixel.red);
      out += static_cast<char>(pixel.green);
      out += static_cast<char>(pixel.blue);
    }
    return out;
  }

 private:
  static int first(double edge) { return std::max(static_cast<int>(edge), 0); }
  static int last(double edge, int size) { return std::min(static_cast<int>(edge) + 1, size); }

  std::vector<Rgb> pixels_;
};

}  // namespace

std::array<double, 4> scene_box(const SceneObject& object) {
  const double r = radius(object);
  const double x = object.x * kPictureWidth;
  const double y = object.y * kPictureHeight;
  return {x - r, y - r, x + r, y + r};
}

std::string scene_picture(const Scene& scene) {
  Canvas canvas;
  for (const SceneObject& object : scene.objects) {
    canvas.draw(object);
  }
  return canvas.ppm();
}

}  // namespace attune::data
