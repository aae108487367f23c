#include <filesystem>
#include <limits>
#include <span>

#include <catch2/catch.hpp>

#include "small_vqa.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/data/npz.hpp>
#include <attune/data/vqa/region_features.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using testing::message_of;
using testing::TemporaryFolder;
using testing::write_regions;

VqaPart part_of(const TemporaryFolder& folder, const std::vector<int>& regions) {
  VqaPart part{.name = "train"};
  for (const int count : regions) {
    VqaImage image;
    image.id = std::ssize(part.images);
    image.file = folder.path("i_" + std::to_string(image.id) + ".npz");
    write_regions(image.file, count);
    part.images.push_back(image);
  }
  return part;
}

/// Writes `x` of a shape and says what is wrong with it.
std::string error_of(std::vector<float> values, std::vector<std::int64_t> shape,
                     const RegionOptions& options = {}) {
  const TemporaryFolder folder;
  const std::string path = folder.path("i.npz");
  write_npz(path, {{"x", NpyArray::from(std::span<const float>(values), std::move(shape))}});
  const std::string message = message_of<FileError>([&] { (void)read_regions(path, options); });
  return message.starts_with(path) ? message.substr(path.size()) : message;
}

TEST_CASE("read_regions: a row a region", "[data][vqa]") {
  const TemporaryFolder folder;
  write_regions(folder.path("i.npz"), 4, 3);
  const core::Tensor regions = read_regions(folder.path("i.npz"), {.channels = 3});
  REQUIRE(regions.shape() == core::Shape{4, 3});
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(regions.data<float>()[3 * r + c] == static_cast<float>(100 * r + c));
    }
  }
}

TEST_CASE("read_regions: says what does not fit", "[data][vqa]") {
  const std::vector<float> six(6, 1);
  CHECK(error_of(six, {2, 3}, {.channels = 3}) ==
        ": member \"x\": expected [channels=3, 1 to 100 regions], found [2, 3]");
  CHECK(error_of(six, {2, 3}, {.min_regions = 4}) ==
        ": member \"x\": expected [channels, 4 to 100 regions], found [2, 3]");
  CHECK_THAT(error_of(six, {2, 3}, {.max_regions = 2}), Contains("1 to 2 regions"));
  CHECK_THAT(error_of(six, {6}), Contains("found [6]"));
  CHECK_THAT(error_of({}, {3, 0}), Contains("found [3, 0]"));
  CHECK_THAT(error_of({}, {0, 3}), Contains("found [0, 3]"));
  std::vector<float> values = six;
  values[4] = std::numeric_limits<float>::quiet_NaN();
  CHECK(error_of(values, {2, 3}) ==
        ": member \"x\": channel 1 of region 1: expected a finite number, found nan");
  values[4] = -std::numeric_limits<float>::infinity();
  CHECK_THAT(error_of(values, {2, 3}), Contains("found -inf"));
}

TEST_CASE("read_regions: what is said beside the regions must agree with them", "[data][vqa]") {
  const TemporaryFolder folder;
  const std::vector<float> six(6, 1);
  const std::vector<std::int64_t> two = {2};
  const NpyArray x = NpyArray::from(std::span<const float>(six), {2, 3});
  const auto error = [&](const char* name, const NpyArray& other) {
    write_npz(folder.path("i.npz"), {{"x", x}, {name, other}});
    return message_of<FileError>([&] { (void)read_regions(folder.path("i.npz"), {}); });
  };
  CHECK_THAT(error("num_bbox", NpyArray::from(std::span<const std::int64_t>(two), {})),
             Contains("member \"num_bbox\": expected the number of regions, 3, found 2"));
  CHECK_THAT(error("bbox", x), Contains("member \"bbox\": expected shape [3, 4]"));
  CHECK(error("image_w", NpyArray::from(std::span<const std::int64_t>(two), {})) == "(no error)");
  write_npz(folder.path("i.npz"), {{"y", x}});
  CHECK_THAT(message_of<FileError>([&] { (void)read_regions(folder.path("i.npz"), {}); }),
             Contains("expected a member \"x\", found \"y\""));
}

TEST_CASE("RegionFeatures: keeps what was asked for last", "[data][vqa]") {
  const TemporaryFolder folder;
  const VqaPart part = part_of(folder, {2, 3, 4});
  // Room for seven regions of three channels.
  const RegionFeatures features(part, {.channels = 3, .cache_bytes = 7 * 12});
  CHECK(features.size() == 3);
  CHECK(features.channels() == 3);
  (void)features.read(0);
  (void)features.read(1);
  CHECK(features.cached_bytes() == 5 * 12);
  (void)features.read(0);  // so that 1 goes first
  (void)features.read(2);
  CHECK(features.cached_bytes() == 6 * 12);
  std::filesystem::remove(part.images[0].file);
  std::filesystem::remove(part.images[1].file);
  CHECK(features.read(0).size(0) == 2);
  CHECK_THROWS_AS(features.read(1), FileError);
  CHECK_THROWS_AS(features.read(3), InvalidArgument);
  CHECK_THROWS_AS(features.read(-1), InvalidArgument);
}

TEST_CASE("RegionFeatures: without room reads each time", "[data][vqa]") {
  const TemporaryFolder folder;
  const VqaPart part = part_of(folder, {2});
  const RegionFeatures features(part, {.cache_bytes = 0});
  CHECK(features.channels() == 3);
  CHECK(features.read(0).size(0) == 2);
  CHECK(features.cached_bytes() == 0);
}

TEST_CASE("RegionFeatures: several threads may ask", "[data][vqa]") {
  const TemporaryFolder folder;
  const VqaPart part = part_of(folder, {2, 3, 4, 5, 6, 7, 1, 2});
  const RegionFeatures features(part, {.channels = 3, .cache_bytes = 12 * 12});
  std::vector<std::int64_t> sizes(400);
  core::parallel_tasks(std::ssize(sizes), [&](std::int64_t i) {
    sizes[static_cast<std::size_t>(i)] = features.read(i * 5 % 8).size(0);
  });
  const std::int64_t expected[] = {2, 3, 4, 5, 6, 7, 1, 2};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    REQUIRE(sizes[i] == expected[i * 5 % 8]);
  }
  CHECK(features.cached_bytes() <= 12 * 12);
}

TEST_CASE("RegionFeatures: says what it cannot take", "[data][vqa]") {
  VqaPart part{.name = "train"};
  CHECK_THROWS_AS(RegionFeatures(part, {.channels = -1}), InvalidArgument);
  CHECK_THROWS_AS(RegionFeatures(part, {.min_regions = 0}), InvalidArgument);
  CHECK_THROWS_AS(RegionFeatures(part, {.min_regions = 3, .max_regions = 2}), InvalidArgument);
  CHECK_THROWS_AS(RegionFeatures(part, {.cache_bytes = -1}), InvalidArgument);
  part.images.push_back({.id = 7});
  CHECK(message_of<InvalidArgument>([&] { RegionFeatures{part}; }) ==
        "RegionFeatures: expected a file of picture 7 of part \"train\", got none");
}

}  // namespace
}  // namespace attune::data
