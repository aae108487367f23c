#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <attune/core/error.hpp>
#include <attune/train/text_attack_report.hpp>

namespace attune::train {
namespace {

using Catch::Contains;

/// Four examples: one skipped, one that failed, two that succeeded.
std::vector<TextAttackResult> results() {
  std::vector<TextAttackResult> all(4);
  all[0] = {.outcome = AttackOutcome::skipped,
            .label = 1,
            .before = {0.9, 0.1},
            .after = {0.9, 0.1},
            .num_words = 3,
            .queries = 1};
  all[1] = {.outcome = AttackOutcome::failed,
            .before = {0.75, 0.25},
            .after = {0.625, 0.375},
            .original = "so dull",
            .perturbed = "so dull",
            .marked_original = "so dull",
            .marked_perturbed = "so dull",
            .num_words = 2,
            .queries = 10};
  for (int i = 2; i < 4; ++i) {
    all[static_cast<std::size_t>(i)] = {.outcome = AttackOutcome::succeeded,
                                        .label = 1,
                                        .predicted_before = 1,
                                        .before = {0.25, 0.75},
                                        .after = {0.996, 0.004},
                                        .original = "a good plot \xff",
                                        .perturbed = "a nice plot \xff",
                                        .other = "premise",
                                        .marked_original = "a [[good]] plot",
                                        .marked_perturbed = "a [[nice]] plot",
                                        .num_words = i == 2 ? 4 : 2,
                                        .queries = 20,
                                        .similarity = 0.5,
                                        .changes = {{1, "good", "nice"}}};
  }
  return all;
}

TextAttackReport report() {
  return {.command = "attune text attack",
          .checkpoint = "runs/a",
          .task = "toy",
          .part = "test",
          .labels = {"bad", "good"},
          .more = {{"samples", std::int64_t{4}}},
          .numbers = {7, 8, 9, 11},
          .results = results()};
}

TEST_CASE("summarize: shares of attacks by hand", "[train][attack]") {
  const std::vector<TextAttackResult> all = results();
  const TextAttackSummary summary = summarize(std::span<const TextAttackResult>(all));
  CHECK(summary.examples == 4);
  CHECK(summary.skipped == 1);
  CHECK(summary.failed == 1);
  CHECK(summary.succeeded == 2);
  CHECK(summary.accuracy_before == 0.75);
  CHECK(summary.accuracy_after == 0.25);
  CHECK(summary.failed_share.value() == Approx(1.0 / 3));
  CHECK(summary.changed->mean == Approx(0.375));
  CHECK(summary.changed->n == 2);
  CHECK(summary.similarity->mean == 0.5);
  CHECK(summary.queries->mean == Approx(50.0 / 3));
  CHECK(summary.total_queries == 51);
}

TEST_CASE("summarize: nothing is said of attacks that there were none of", "[train][attack]") {
  const std::vector<TextAttackResult> all{{.outcome = AttackOutcome::skipped, .queries = 1}};
  const TextAttackSummary summary = summarize(std::span<const TextAttackResult>(all));
  CHECK(summary.accuracy_before == 0);
  CHECK_FALSE(summary.failed_share.has_value());
  CHECK_FALSE(summary.changed.has_value());
  CHECK_FALSE(summary.queries.has_value());
  CHECK_THROWS_AS(summarize(std::span<const TextAttackResult>()), InvalidArgument);
}

TEST_CASE("TextAttackReport: JSON holds summary, options and every example", "[train][attack]") {
  const nlohmann::json json = nlohmann::json::parse(to_json(report()));
  CHECK(json["summary"]["failed"] == 1);
  CHECK(json["summary"]["failed_share"].get<double>() == Approx(1.0 / 3));
  CHECK(json["summary"]["changed_share"]["mean"].get<double>() == Approx(0.375));
  CHECK(json["config"]["attack"] == "textfooler");
  CHECK(json["config"]["samples"] == 4);
  CHECK_FALSE(json["config"].contains("edits"));
  REQUIRE(json["results"].size() == 4);
  CHECK(json["results"][0]["outcome"] == "skipped");
  const nlohmann::json& last = json["results"][3];
  CHECK(last["example"] == 11);
  CHECK(last["other"] == "premise");
  CHECK(last["changes"][0]["after"] == "nice");
  CHECK(last["perturbed"] == "a nice plot \xef\xbf\xbd");
  CHECK(last["probabilities_after"][0].get<double>() == 0.996);
  CHECK_FALSE(to_json(report()).find("null") != std::string::npos);
}

TEST_CASE("TextAttackReport: examples can be read", "[train][attack]") {
  const std::string text = to_examples(report());
  CHECK_THAT(text, Contains("textfooler on runs/a, toy test, 4 examples"));
  CHECK_THAT(text, Contains("#9  good 75 % -> bad 100 %   1 of 4 words, 20 queries\n"
                            "  second  premise\n"
                            "  before  a [[good]] plot\n"
                            "  after   a [[nice]] plot\n"));
  CHECK_THAT(text, Contains("#8  bad 75 % -> bad 63 %"));
  CHECK_THAT(text, !Contains("#7"));
}

TEST_CASE("TextAttackReport: results and numbers must match", "[train][attack]") {
  TextAttackReport wrong = report();
  wrong.numbers.pop_back();
  CHECK_THROWS_AS(to_json(wrong), InvalidArgument);
  CHECK_THROWS_AS(to_examples(TextAttackReport{}), InvalidArgument);
}

}  // namespace
}  // namespace attune::train
