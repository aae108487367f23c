#include "cli/report/picture.hpp"

#include <catch2/catch.hpp>

#include "support/markup.hpp"

using attune::cli::Markup;
using attune::cli::Picture;
using attune::cli::region_names;
using attune::cli::write_picture;
using attune::testing::parse_markup;
using attune::testing::ParsedMarkup;

namespace {

using Names = std::vector<std::string>;

// A small red metal cube left of a large blue glass cone.
Picture two_objects() {
  return {.regions = 2,
          .boxes =
              attune::data::RegionBoxes{
                  .width = 160, .height = 120, .boxes = {{34, 54, 46, 66}, {109, 49, 131, 71}}},
          .scene = attune::data::Scene{.id = 1,
                                       .objects = {{.values = {0, 0, 0, 0}, .x = 0.25, .y = 0.5},
                                                   {.values = {1, 2, 2, 3}, .x = 0.75, .y = 0.5}}}};
}

ParsedMarkup drawn(const Picture& picture) {
  Markup page;
  page.open("body");
  write_picture(page, picture);
  return parse_markup("<!DOCTYPE html>" + page.finish());
}

}  // namespace

TEST_CASE("picture: a scene is drawn object by object", "[cli][report][vqa]") {
  const ParsedMarkup page = drawn(two_objects());
  CHECK(page.problems == Names{});
  REQUIRE(page.all("path").size() == 2);
  CHECK(page.all("path")[0].attribute("fill") == "#dc2828");
  CHECK(page.all("path")[0].attribute("d") == "M34.6 54.6L45.4 54.6L45.4 65.4L34.6 65.4z");
  CHECK(page.all("path")[1].attribute("fill") == "#3250dc");
  CHECK(page.all("path")[1].attribute("fill-opacity") == "0.5");
  CHECK(page.all("path")[1].attribute("d") == "M120 50.1L129.9 69.9L110.1 69.9z");
  CHECK(page.all("circle").size() == 1);  // metal shines
  CHECK(page.texts("text") == Names{"1", "2"});
  CHECK(page.texts("title") == Names{"1: small red metal cube", "2: large blue glass cone"});
  CHECK(page.all("svg")[0].attribute("aria-label") ==
        "Scene of 2 objects: 1 small red metal cube; 2 large blue glass cone");
}

TEST_CASE("picture: without a scene there are boxes and without boxes words",
          "[cli][report][vqa]") {
  Picture picture = two_objects();
  CHECK(region_names(picture) == Names{"1 red cube", "2 blue cone"});
  picture.scene.reset();
  CHECK(region_names(picture) == Names{"region 1", "region 2"});
  const ParsedMarkup boxes = drawn(picture);
  CHECK(boxes.all("path").empty());
  CHECK(boxes.texts("text") == Names{"1", "2"});
  CHECK(boxes.all("rect").size() == 3);  // and the ground
  picture.boxes.reset();
  CHECK(drawn(picture).all("svg").empty());
  CHECK(drawn(picture).all("p").size() == 1);
}
