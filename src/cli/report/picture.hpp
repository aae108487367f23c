#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/report/markup.hpp"
#include <attune/data/vqa/region_boxes.hpp>
#include <attune/data/vqa/scenes.hpp>

namespace attune::cli {

/// What is known of a picture that a question is about.
struct Picture {
  std::int64_t regions = 0;
  std::optional<data::RegionBoxes> boxes = {};  ///< of each region
  std::optional<data::Scene> scene = {};        ///< of generated ones: an object a region
};

/// `3 red cone`, or `region 3` where it is not known what is there.
[[nodiscard]] std::vector<std::string> region_names(const Picture& picture);

/// The objects of a scene in their boxes, or the boxes alone, numbered from 1, as SVG. A picture
/// without boxes is not drawn.
void write_picture(Markup& page, const Picture& picture);

}  // namespace attune::cli
