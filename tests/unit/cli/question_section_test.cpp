#include "cli/report/question_section.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "cli/report/page_shell.hpp"
#include "support/markup.hpp"

using namespace attune::cli;  // NOLINT: what is tested
using attune::testing::outside_references;
using attune::testing::parse_markup;
using attune::testing::ParsedMarkup;

namespace {

using Names = std::vector<std::string>;

// Everybody attends to all alike.
AttentionMap even(std::int64_t rows, std::int64_t columns, std::int64_t heads) {
  return {.rows = rows,
          .columns = columns,
          .heads = heads,
          .alpha = std::vector<float>(static_cast<std::size_t>(rows * columns * heads),
                                      1.0F / static_cast<float>(columns))};
}

// Of two words, about a picture of two regions.
AnsweredQuestion answered(const std::string& answer, std::int64_t layers, std::int64_t heads) {
  AnsweredQuestion out{.answer = answer,
                       .probability = 0.875,
                       .accuracy = 0.3,
                       .words = {"<script>", "red"},
                       .attention = {}};
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    out.attention.words.push_back(even(2, 2, heads));
    out.attention.regions.push_back(even(2, 2, heads));
    out.attention.guided.push_back(even(2, 2, heads));
  }
  return out;
}

const std::string kHostile = "<script>alert(\"1\")</script> & is it red?";

ShownQuestion hostile() {
  return {
      .question = {.id = 17,
                   .text = kHostile,
                   .type = "<b>",
                   .answer = "yes",
                   .answers = {"yes", "<i>no</i>", "yes"}},
      .picture = {.regions = 2},
      .answers = {{.run = "<img src=x>",
                   .attention = "AA-GAN, lambda <0.01>",
                   .found = answered("</td>yes", 2, 2)},
                  {.run = "soft", .attention = "soft attention", .found = answered("no", 1, 3)}}};
}

ParsedMarkup drawn(const ShownQuestion& shown) {
  Markup page;
  begin_page(page, {{.name = "a", .words = "b"}}, "data",
             {{question_link(shown.question), shown.question.text}});
  write_question_section(page, shown);
  return parse_markup(finish_page(page));
}

}  // namespace

TEST_CASE("question section: hostile texts open no tag", "[cli][report][vqa]") {
  const ParsedMarkup page = drawn(hostile());
  CHECK(page.problems == Names{});
  CHECK(outside_references(page) == Names{});
  for (const char* tag : {"script", "img", "i"}) {
    CAPTURE(tag);
    CHECK(page.all(tag).empty());
  }
  CHECK(page.texts("h2") == Names{kHostile});
  CHECK(page.all("a")[0].attribute("href") == "#question-17");
  CHECK(page.all("section")[0].attribute("id") == "question-17");
}

TEST_CASE("question section: answers and all heads of both runs", "[cli][report][vqa]") {
  const ParsedMarkup page = drawn(hostile());
  CHECK(page.texts("td") == Names{"</td>yes", "0.875", "0.30", "no", "0.875", "0.30"});
  const auto has = [&](const std::string& words) {
    return std::ranges::any_of(page.texts("p"), [&](const std::string& text) {
      return text.find(words) != std::string::npos;
    });
  };
  CHECK(has("yes (2 of 3 people), <i>no</i> (1 of 3 people)"));
  // Three kinds: two layers of two heads, and one of three.
  CHECK(page.all("svg").size() == 3 * (2 * 2 + 3));
  const std::int64_t missing = std::ranges::count(page.texts("p"), "no such head");
  CHECK(missing == 3 * (1 + 2));
  CHECK(page.texts("h3") == Names{"Words to words", "Regions to words", "Regions to regions"});
  // Each panel says whose attention it is and which, whether there is such a head or not.
  const Names words = page.texts("p");
  CHECK(std::ranges::count(words, "AA-GAN, lambda <0.01>") == 3 * 5);
  CHECK(std::ranges::count(words, "soft attention") == 3 * 5);
}

TEST_CASE("question section: what is not known is not shown", "[cli][report][vqa]") {
  ShownQuestion shown = hostile();
  shown.question.answers.clear();
  CHECK(drawn(shown).texts("td") ==
        Names{"</td>yes", "0.875", "not known", "no", "0.875", "not known"});
}

TEST_CASE("question section: maps of many regions are of one size", "[cli][report][vqa]") {
  ShownQuestion shown = hostile();
  const auto sizes = [&](std::int64_t regions) {
    shown.picture.regions = regions;
    for (ShownQuestion::Answer& answer : shown.answers) {
      answer.found.attention = {.words = {even(2, 2, 1)},
                                .regions = {even(regions, regions, 1)},
                                .guided = {even(regions, 2, 1)}};
    }
    const ParsedMarkup page = drawn(shown);
    CHECK(page.texts("h3") == Names{"Words to words", "Regions to words", "Regions to regions"});
    const auto map = page.all("svg").back();  // of regions to regions
    CHECK(page.all("svg").size() == 6);
    return std::pair(std::stod(map.attribute("width")), std::stod(map.attribute("height")));
  };
  const auto [width, height] = sizes(36);
  CHECK((width > 340 && width < 450));
  CHECK((height > 340 && height < 450));
  const auto [most_width, most_height] = sizes(100);
  CHECK(most_width - width < 10);  // `region 100` has a letter more
  CHECK(most_height - height < 10);
}
