#include "cli/report/picture.hpp"

#include <algorithm>
#include <array>

#include "cli/report/numbers.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;
using data::SceneAttribute;

namespace {

using Box = std::array<double, 4>;

// As the generator paints them, in the order of the names of colors.
constexpr std::array<const char*, 8> kPaint{"#dc2828", "#28aa3c", "#3250dc", "#ebd732",
                                            "#963cb4", "#f08c28", "#fafafa", "#141414"};

// The shape in units of half the box from its middle.
std::string outline(int shape, const Box& box) {
  const double x = (box[0] + box[2]) / 2;
  const double y = (box[1] + box[3]) / 2;
  const double half = (box[2] - box[0]) / 2;
  const auto at = [&](double across, double down) {
    return text(decimal(x + across * half), ' ', decimal(y + down * half));
  };
  switch (shape) {
    case 0:  // cube
      return text('M', at(-0.9, -0.9), 'L', at(0.9, -0.9), 'L', at(0.9, 0.9), 'L', at(-0.9, 0.9),
                  'z');
    case 1: {  // sphere
      const std::string arc = text('A', decimal(half), ' ', decimal(half), " 0 0 1 ");
      return text('M', at(-1, 0), arc, at(1, 0), arc, at(-1, 0), 'z');
    }
    case 2:  // cylinder
      return text('M', at(-0.55, -1), 'L', at(0.55, -1), 'L', at(0.55, 1), 'L', at(-0.55, 1), 'z');
    default:  // cone
      return text('M', at(0, -0.9), 'L', at(0.9, 0.9), 'L', at(-0.9, 0.9), 'z');
  }
}

void write_object(Markup& page, const data::SceneObject& object, const Box& box) {
  const std::string_view material = object.name(SceneAttribute::material);
  const auto color = static_cast<std::size_t>(object.value(SceneAttribute::color));
  page.empty("path", {{"fill", kPaint.at(color)},
                      {"fill-opacity", material == "glass" ? "0.5" : "1"},
                      {"d", outline(object.value(SceneAttribute::shape), box)}});
  if (material == "metal") {
    const double half = (box[2] - box[0]) / 2;
    page.empty("circle", {{"fill", "#ebebeb"},
                          {"cx", decimal((box[0] + box[2]) / 2 - 0.3 * half)},
                          {"cy", decimal((box[1] + box[3]) / 2 - 0.2 * half)},
                          {"r", decimal(0.25 * half)}});
  }
}

std::string description(const data::SceneObject& object) {
  std::string words;
  for (const SceneAttribute attribute : data::kSceneAttributes) {
    words += text(words.empty() ? "" : " ", object.name(attribute));
  }
  return words;
}

/// How large lines and numbers are, whatever the picture's pixels.
struct Pen {
  double unit;     // a 160th of the picture's width
  double letters;  // in units; many numbers are small, to leave each other room
};

void write_box(Markup& page, const Box& box, std::size_t number, const Pen& pen,
               const std::string& words) {
  page.open("g").element("title", {}, words);
  page.empty("rect", {{"class", "box"},
                      {"stroke-width", decimal(0.4 * pen.unit, 3)},
                      {"x", decimal(box[0])},
                      {"y", decimal(box[1])},
                      {"width", decimal(std::max(0.0, box[2] - box[0]))},
                      {"height", decimal(std::max(0.0, box[3] - box[1]))}});
  page.element("text",
               {{"class", "box-number"},
                {"font-size", decimal(pen.letters * pen.unit, 3)},
                {"x", decimal(box[0] + 0.5 * pen.unit)},
                {"y", decimal(std::max(box[1] - 0.7 * pen.unit, 0.9 * pen.letters * pen.unit))}},
               text(number));
  page.close();
}

std::string label(const Picture& picture) {
  if (!picture.scene) {
    return text("Picture of ", picture.regions, " regions");
  }
  std::string words = text("Scene of ", picture.regions, " objects: ");
  for (std::size_t i = 0; i < picture.scene->objects.size(); ++i) {
    words += text(i == 0 ? "" : "; ", i + 1, " ", description(picture.scene->objects[i]));
  }
  return words;
}

}  // namespace

std::vector<std::string> region_names(const Picture& picture) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < picture.regions; ++i) {
    if (picture.scene) {
      const data::SceneObject& object = picture.scene->objects[static_cast<std::size_t>(i)];
      names.push_back(text(i + 1, ' ', object.name(SceneAttribute::color), ' ',
                           object.name(SceneAttribute::shape)));
    } else {
      names.push_back(text("region ", i + 1));
    }
  }
  return names;
}

void write_picture(Markup& page, const Picture& picture) {
  if (!picture.boxes) {
    page.element("p", {{"class", "note"}}, "Nothing says where the regions of the picture are.");
    return;
  }
  const data::RegionBoxes& boxes = *picture.boxes;
  constexpr std::int64_t kMany = 20;
  const Pen pen{.unit = boxes.width / 160, .letters = picture.regions > kMany ? 3.2 : 5};
  page.open("svg", {{"class", "picture"},
                    {"viewBox", text("0 0 ", decimal(boxes.width), ' ', decimal(boxes.height))},
                    {"role", "img"},
                    {"aria-label", label(picture)}});
  page.empty(
      "rect",
      {{"class", "ground"}, {"width", decimal(boxes.width)}, {"height", decimal(boxes.height)}});
  for (std::size_t i = 0; picture.scene && i < boxes.boxes.size(); ++i) {
    write_object(page, picture.scene->objects[i], boxes.boxes[i]);
  }
  for (std::size_t i = 0; i < boxes.boxes.size(); ++i) {
    const std::string words =
        picture.scene ? description(picture.scene->objects[i]) : std::string("region");
    write_box(page, boxes.boxes[i], i + 1, pen, text(i + 1, ": ", words));
  }
  page.close();
}

}  // namespace attune::cli
