#include <limits>
#include <span>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/npz.hpp>
#include <attune/data/vqa/region_boxes.hpp>

namespace attune::data {
namespace {

using testing::TemporaryFolder;

NpyArray number(std::int64_t value) {
  return NpyArray::from(std::span<const std::int64_t>(&value, 1), {});
}

NpyArray boxes(const std::vector<float>& corners) {
  return NpyArray::from(std::span<const float>(corners), {std::ssize(corners) / 4, 4});
}

TEST_CASE("read_region_boxes: a box a region in the picture's pixels", "[data][vqa]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("i.npz");
  write_npz(path, {{"bbox", boxes({0, 1, 2, 3, 4, 5, 6, 7.5})},
                   {"image_w", number(160)},
                   {"image_h", number(120)}});
  const auto found = read_region_boxes(path, 2);
  REQUIRE(found);
  CHECK(found->width == 160);
  CHECK(found->height == 120);
  REQUIRE(found->boxes.size() == 2);
  CHECK(found->boxes[0] == std::array<double, 4>{0, 1, 2, 3});
  CHECK(found->boxes[1] == std::array<double, 4>{4, 5, 6, 7.5});
  CHECK_THROWS_AS(read_region_boxes(path, 3), FileError);
}

TEST_CASE("read_region_boxes: none where the extraction kept none", "[data][vqa]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("i.npz");
  write_npz(path, {{"bbox", boxes({0, 1, 2, 3})}});
  CHECK_FALSE(read_region_boxes(path, 1));
  CHECK_THROWS_AS(read_region_boxes(folder.path("none.npz"), 1), FileError);
}

TEST_CASE("read_region_boxes: refuses what cannot be drawn", "[data][vqa]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("i.npz");
  write_npz(path, {{"bbox", boxes({0, 1, 2, 3})}, {"image_w", number(0)}, {"image_h", number(9)}});
  CHECK_THROWS_AS(read_region_boxes(path, 1), FileError);
  const float infinite = std::numeric_limits<float>::infinity();
  write_npz(path,
            {{"bbox", boxes({0, 1, infinite, 3})}, {"image_w", number(9)}, {"image_h", number(9)}});
  CHECK_THROWS_AS(read_region_boxes(path, 1), FileError);
}

}  // namespace
}  // namespace attune::data
