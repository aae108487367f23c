#include <cmath>

#include <attune/core/text.hpp>
#include <attune/data/npz.hpp>
#include <attune/data/vqa/region_boxes.hpp>

namespace attune::data {

namespace {

constexpr NpzLimits kLimits{.max_file_bytes = std::int64_t{1} << 30,
                            .max_total_bytes = std::int64_t{1} << 30,
                            .max_members = 64};

double extent(const NpzArchive& npz, const char* member) {
  constexpr double kMost = 1e6;
  const NpyArray& array = npz.at(member);
  const double size = array.num_elements() == 1 ? static_cast<double>(array.floats().front()) : 0.0;
  if (!(size > 0 && size <= kMost)) {
    array.fail(core::text("expected one number of pixels above 0 and up to ", kMost));
  }
  return size;
}

}  // namespace

std::optional<RegionBoxes> read_region_boxes(const std::string& path, std::int64_t regions) {
  const NpzArchive npz = read_npz(path, kLimits);
  if (!npz.has("bbox") || !npz.has("image_w") || !npz.has("image_h")) {
    return std::nullopt;
  }
  const NpyArray& corners = npz.at("bbox");
  corners.require_shape({regions, 4});
  RegionBoxes out{.width = extent(npz, "image_w"), .height = extent(npz, "image_h")};
  const std::vector<float> values = corners.floats();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      corners.fail(core::text("box ", i / 4, ": expected finite corners, found ", values[i]));
    }
    if (i % 4 == 0) {
      out.boxes.emplace_back();
    }
    out.boxes.back()[i % 4] = values[i];
  }
  return out;
}

}  // namespace attune::data
