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

}  // namespace

TEST_CASE("attention grid: a cell a number and words for all of it", "[cli][report]") {
  const ParsedMarkup page = drawn({.label = "Head 1",
                                   .largest = 0.8,
                                   .columns = {"is", "it", "red"},
                                   .rows = {"one", "two"},
                                   .values = {{0.1, 0.1, 0.8}, {0.4, 0.3, 0.3}}});
  CHECK(page.problems == Names{});
  std::int64_t cells = 0;
  Names shades;
  for (const MarkupElement& path : page.all("path")) {
    cells += std::ranges::count(path.attribute("d"), 'M');
    shades.push_back(path.attribute("fill-opacity"));
  }
  CHECK(cells == 6);
  CHECK(shades == Names{"0.125", "0.375", "0.5", "1"});
  CHECK(page.texts("title") ==
        Names{"one: is 0.100, it 0.100, red 0.800", "two: is 0.400, it 0.300, red 0.300"});
  CHECK(page.texts("text") == Names{"one", "two", "is", "it", "red"});
  CHECK(page.all("svg")[0].attribute("aria-label") ==
        "Head 1. one attends most to red, 0.80; two to is, 0.40");
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
