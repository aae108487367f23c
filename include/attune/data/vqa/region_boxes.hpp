#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace attune::data {

/// Where the regions of a picture are, in its pixels.
struct RegionBoxes {
  double width = 0;                               ///< of the picture
  double height = 0;                              ///< the same
  std::vector<std::array<double, 4>> boxes = {};  ///< left, top, right, bottom of each region
};

/// From a file that read_regions() reads: its members `bbox` [regions, 4], `image_w` and `image_h`,
/// in the order of its regions. None where the extraction did not keep them.
/// @param regions  that the picture has
/// @throws FileError  no such file, or boxes of another number, that are not finite or in a picture
///                    without extent
[[nodiscard]] std::optional<RegionBoxes> read_region_boxes(const std::string& path,
                                                           std::int64_t regions);

}  // namespace attune::data
