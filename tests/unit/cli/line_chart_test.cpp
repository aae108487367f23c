#include "cli/report/line_chart.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "support/markup.hpp"

using attune::cli::ChartLine;
using attune::cli::ChartPoint;
using attune::cli::LineChart;
using attune::cli::Markup;
using attune::testing::MarkupElement;
using attune::testing::parse_markup;
using attune::testing::ParsedMarkup;

namespace {

ParsedMarkup drawn(const LineChart& chart) {
  Markup page;
  page.open("main");
  attune::cli::write_line_chart(page, chart);
  ParsedMarkup parsed = parse_markup("<!DOCTYPE html>" + page.finish());
  REQUIRE(parsed.problems.empty());
  return parsed;
}

ChartLine line(const std::vector<ChartPoint>& points) {
  return {.name = "a & b", .style = "run-a", .points = points};
}

}  // namespace

TEST_CASE("line chart: points are where the axes say", "[cli][report]") {
  const ParsedMarkup page = drawn({.title = "Loss",
                                   .x_label = "epoch",
                                   .last_x = 4,
                                   .lines = {line({{0, 0}, {2, 1}, {4, 2}})},
                                   .marks = {{.name = "best", .style = "run-a", .x = 2}}});
  // From 52 to 384 and from 212 up to 12.
  CHECK(page.all("path").at(0).attribute("d") == "M52 212L218 112L384 12");
  CHECK(page.all("path").at(0).attribute("class") == "line run-a");
  CHECK(page.texts("title") == std::vector<std::string>{"best", "a & b"});
  CHECK(page.all("svg").at(0).attribute("aria-label") == "Loss by epoch");
  const std::vector<MarkupElement> lines = page.all("line");
  CHECK(lines.back().attribute("x1") == "218");
}

TEST_CASE("line chart: a single point is a dot, none is no chart", "[cli][report]") {
  const ParsedMarkup one =
      drawn({.title = "t", .x_label = "x", .last_x = 1, .lines = {line({{1, 7}})}, .marks = {}});
  CHECK(one.all("path").at(0).attribute("d") == "M384 112h0");
  const ParsedMarkup none =
      drawn({.title = "t", .x_label = "x", .last_x = 1, .lines = {line({})}, .marks = {}});
  CHECK(none.all("svg").empty());
  CHECK(none.all("figure").empty());
}

TEST_CASE("line chart: thinned lines keep their peaks", "[cli][report]") {
  std::vector<ChartPoint> points;
  for (int x = 0; x < 100000; ++x) {
    points.push_back({static_cast<double>(x), x == 54321 ? 100.0 : x == 77777 ? -100.0 : 0.0});
  }
  const ParsedMarkup page =
      drawn({.title = "t", .x_label = "x", .last_x = 99999, .lines = {line(points)}, .marks = {}});
  const std::string path = page.all("path").at(0).attribute("d");
  CHECK(std::ranges::count(path, 'L') < 600);
  CHECK(path.find(" 12L") != std::string::npos);   // the top
  CHECK(path.find(" 212L") != std::string::npos);  // the bottom
}
