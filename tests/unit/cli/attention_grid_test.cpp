#include "cli/report/attention_grid.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "support/markup.hpp"

using attune::cli::AttentionGrid;
using attune::cli::Markup;
using attune::cli::write_attention_grid;
using attune::testing::MarkupElement;
using attune::testing::parse_markup;
using attune::testing::ParsedMarkup;

namespace {

using Names = std::vector<std::string>;

ParsedMarkup drawn(const AttentionGrid& grid) {
  Markup page;
  page.open("body");
  write_attention_grid(page, grid);
  return parse_markup("<!DOCTYPE html>" + page.finish());
}

using Shades = std::vector<std::pair<std::string, std::string>>;

// Opacity and outline of the cells of each shade.
Shades shades_of(const ParsedMarkup& page) {
  Shades shades;
  for (const MarkupElement& path : page.all("path")) {
    if (path.attribute("class") == "shade") {
      shades.emplace_back(path.attribute("fill-opacity"), path.attribute("d"));
    }
  }
  return shades;
}

std::int64_t count(const ParsedMarkup& page, const std::string& name, char command) {
  std::int64_t found = 0;
  for (const MarkupElement& path : page.all("path")) {
    if (path.attribute("class") == name) {
      found += std::ranges::count(path.attribute("d"), command);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("attention grid: a cell a number and words for all of it", "[cli][report]") {
  const ParsedMarkup page = drawn({.label = "Head 1",
                                   .largest = 0.8,
                                   .columns = {"is", "it", "red"},
                                   .rows = {"one", "two"},
                                   .values = {{0.1, 0.1, 0.8}, {0.4, 0.3, 0.3}}});
  CHECK(page.problems == Names{});
  CHECK(shades_of(page) == Shades{{"0.125", "M0 0h2v1H0z"},
                                  {"0.375", "M1 1h2v1H1z"},
                                  {"0.5", "M0 1h1v1H0z"},
                                  {"1", "M2 0h1v1H2z"}});
  CHECK(page.texts("title") ==
        Names{"one: is 0.100, it 0.100, red 0.800", "two: is 0.400, it 0.300, red 0.300"});
  CHECK(page.texts("text") == Names{"one", "two", "is", "it", "red"});
  CHECK(page.all("svg")[0].attribute("aria-label") ==
        "Head 1. one attends most to red, 0.80; two to is, 0.40");
}

TEST_CASE("attention grid: a hundred regions are all there and few are named", "[cli][report]") {
  AttentionGrid grid{.label = "Head 1", .largest = 1};
  for (int region = 1; region <= 100; ++region) {
    grid.columns.push_back("region " + std::to_string(region));
    std::vector<double>& row = grid.values.emplace_back(100, 0.001);
    row[static_cast<std::size_t>(100 - region)] = 0.5;
    row[7] = 0.25;
  }
  grid.rows = grid.columns;
  const ParsedMarkup page = drawn(grid);
  CHECK(page.problems == Names{});
  CHECK(page.texts("text").size() == 2 * 20);
  CHECK(page.texts("text")[0] == "region 5");
  // The last names are not cut: their letters reach 4 below their line.
  CHECK(page.texts("text")[19] == "region 100");
  const MarkupElement svg = page.all("svg")[0];
  CHECK(std::stod(page.all("text")[19].attribute("y")) + 4 < std::stod(svg.attribute("height")));
  CHECK(std::stod(page.all("text")[39].attribute("x")) + 4 < std::stod(svg.attribute("width")));
  CHECK(page.texts("title")[9] ==
        "region 10, most: region 91 0.500, region 8 0.250, region 1 0.001, region 2 0.001, "
        "region 3 0.001, region 4 0.001");
  CHECK(page.texts("title").size() == 100);
  CHECK(count(page, "lines", 'M') == 4);  // the frame alone
  // Each row has the middle one, and but for one row, where it takes its place, the large one.
  const Shades shades = shades_of(page);
  REQUIRE(shades.size() == 3);
  CHECK(std::ranges::count(shades[1].second, 'M') == 100);
  CHECK(std::ranges::count(shades[2].second, 'M') == 99);
  CHECK(shades[0].second.size() + shades[1].second.size() + shades[2].second.size() < 8000);
}

TEST_CASE("attention grid: long and hostile names", "[cli][report]") {
  const std::string umlauts = "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4";
  const ParsedMarkup page = drawn({.label = "<script>alert(1)</script>",
                                   .columns = {"<script>\"&"},
                                   .rows = {umlauts + umlauts + umlauts},
                                   .values = {{1}}});
  CHECK(page.problems == Names{});
  CHECK(page.all("script").empty());
  REQUIRE(page.texts("text").size() == 2);
  // Twenty of 21 letters would be as wide: 19 and an ellipsis.
  CHECK(page.texts("text")[0] == umlauts + umlauts + umlauts.substr(0, 10) + "\xE2\x80\xA6");
  CHECK(page.texts("text")[1] == "<script>\"&");
}
