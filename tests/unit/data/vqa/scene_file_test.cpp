#include <array>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/data/vqa/scene_file.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using testing::message_of;
using testing::TemporaryFolder;

// What is wrong with a file whose second line is this.
std::string error_of(const std::string& line) {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("scenes.jsonl", scene_json(draw_scene(1, 3)) + "\n" + line + "\n");
  return message_of<FileError>(
      [&] { (void)read_scene_file(path, std::array<std::int64_t, 1>{3}); });
}

std::string object(const std::string& color, const std::string& x) {
  return "{\"image_id\": 4, \"objects\": [{\"size\": \"small\", \"color\": " + color +
         ", \"material\": \"metal\", \"shape\": \"cube\", \"x\": " + x + ", \"y\": 0.5}]}";
}

TEST_CASE("read_scene_file: scenes come back as they were drawn", "[data][vqa]") {
  const TemporaryFolder folder;
  std::string lines;
  for (std::int64_t id = 1; id <= 5; ++id) {
    lines += scene_json(draw_scene(7, id)) + "\n";
  }
  const std::array<std::int64_t, 3> ids{4, 2, 4};
  const std::vector<Scene> found = read_scene_file(folder.write("scenes.jsonl", lines), ids);
  REQUIRE(found.size() == 3);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    CHECK(scene_json(found[i]) == scene_json(draw_scene(7, ids[i])));
  }
}

TEST_CASE("read_scene_file: says which line is no scene and why", "[data][vqa]") {
  CHECK(error_of(object("\"red\"", "0.5")) == "(no error)");
  CHECK_THAT(error_of(object("\"pink\"", "0.5")), Contains(":2: color: expected one of"));
  CHECK_THAT(error_of(object("3", "0.5")), Contains(":2: color"));
  CHECK_THAT(error_of(object("\"red\"", "1.5")), Contains(":2: x: expected a number from 0 to 1"));
  CHECK_THAT(error_of(object("\"red\"", "null")), Contains(":2: x"));
  CHECK_THAT(error_of("{\"image_id\": 1.5, \"objects\": []}"), Contains("whole image_id"));
  CHECK_THAT(error_of("{\"image_id\": 18446744073709551612, \"objects\": []}"),
             Contains("whole image_id"));
  CHECK_THAT(error_of("{\"image_id\": 4, \"objects\": [7]}"), Contains("size"));
  CHECK_THAT(error_of("{\"image_id\": 4}"), Contains("objects"));
  CHECK_THAT(error_of("[]"), Contains("JSON object"));
  CHECK_THAT(error_of(""), Contains("JSON object"));
  CHECK_THAT(error_of(std::string(60000, '[')), Contains("JSON object"));
  CHECK_THAT(error_of(std::string(70000, ' ')), Contains("65536 bytes"));
}

TEST_CASE("read_scene_file: a scene that is not there is missed", "[data][vqa]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("scenes.jsonl", scene_json(draw_scene(1, 3)) + "\n");
  CHECK_THAT(
      message_of<FileError>([&] { (void)read_scene_file(path, std::array<std::int64_t, 1>{4}); }),
      Contains("expected a scene of picture 4"));
  CHECK_THROWS_AS(read_scene_file(folder.path("none"), std::array<std::int64_t, 1>{4}), FileError);
}

}  // namespace
}  // namespace attune::data
