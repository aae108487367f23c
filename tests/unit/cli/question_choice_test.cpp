#include "cli/report/question_choice.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>

using attune::InvalidArgument;
using attune::cli::keep_chosen_questions;
using attune::cli::QuestionChoice;
using attune::data::VqaPart;

namespace {

using Ids = std::vector<std::int64_t>;

// Questions 100 to 149 of `test`, the chosen ones of which are left.
Ids chosen(const QuestionChoice& choice) {
  VqaPart part{.name = "test"};
  for (std::int64_t id = 100; id < 150; ++id) {
    part.questions.push_back({.id = id});
  }
  keep_chosen_questions(part, choice);
  Ids ids;
  for (const auto& question : part.questions) {
    ids.push_back(question.id);
  }
  return ids;
}

}  // namespace

TEST_CASE("question choice: those that are named in their order", "[cli][report][vqa]") {
  CHECK(chosen({.ids = {149, 100, 120}}) == Ids{149, 100, 120});
  CHECK_THROWS_WITH(chosen({.ids = {100, 99}}),
                    "--question: expected the number of a question of test, got 99");
  CHECK_THROWS_AS(chosen({.ids = {100, 100}}), InvalidArgument);
}

TEST_CASE("question choice: others are drawn by a seed", "[cli][report][vqa]") {
  const Ids first = chosen({.count = 5, .seed = 1});
  CHECK(first.size() == 5);
  CHECK(std::ranges::is_sorted(first));
  CHECK(std::ranges::adjacent_find(first) == first.end());
  CHECK(chosen({.count = 5, .seed = 1}) == first);
  CHECK(chosen({.count = 5, .seed = 2}) != first);
  CHECK(chosen({.count = 1000, .seed = 1}).size() == 50);
}
