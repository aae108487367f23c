#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/train/environment.hpp>
#include <attune/train/result.hpp>

using attune::FileError;
using attune::testing::slurp;
using attune::testing::TemporaryFolder;
using attune::train::ClassificationMetrics;
using attune::train::compare_with;
using attune::train::ExperimentResult;
using attune::train::read_test_accuracies;
using attune::train::RunResult;
using attune::train::write_result;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

RunResult run(std::uint64_t seed, double test_accuracy) {
  RunResult run;
  run.seed = seed;
  run.fit.epochs = 200;
  run.fit.best_epoch = 100;
  run.fit.seconds = 0.5;
  run.fit.ms_per_epoch = 2.5;
  run.fit.test = ClassificationMetrics{.accuracy = test_accuracy, .ece = 0.1};
  run.fit.validation = ClassificationMetrics{.accuracy = 0.8};
  return run;
}

ExperimentResult sample() {
  ExperimentResult result;
  result.command = "attune sweep --dataset cora";
  result.config = {{"lr", 0.005}, {"heads", std::int64_t{8}}, {"residual", false}};
  result.dataset = "cora";
  result.model = "gat";
  result.threads = 2;
  result.runs = {run(0, 0.83), run(1, 0.82), run(18'446'744'073'709'551'615U, 0.84)};
  return result;
}

}  // namespace

TEST_CASE("result: has the keys that others rely on", "[train][result]") {
  const json object = json::parse(to_json(sample()));
  CHECK(object["dataset"] == "cora");
  CHECK(object["model"] == "gat");
  CHECK(object["align"] == "none");
  CHECK(object["align_weight"] == 0.0);
  CHECK(object["threads"] == 2);
  CHECK(object["version"] == attune::train::current_environment().version);
  CHECK(object["test_accuracy"]["mean"].get<double>() == Approx(0.83));
  CHECK(object["test_accuracy"]["std"].get<double>() == Approx(0.01));
  CHECK(object["test_accuracy"]["n"] == 3);
  REQUIRE(object["runs"].size() == 3);
  const json& first = object["runs"][0];
  CHECK(first["seed"] == 0);
  CHECK(first["test_accuracy"] == 0.83);
  CHECK(first["val_accuracy"] == 0.8);
  CHECK(first["best_epoch"] == 100);
  CHECK(first["epochs"] == 200);
  CHECK(first["seconds"] == 0.5);
  CHECK(first["ms_per_epoch"] == 2.5);
  CHECK(first["align_loss"] == 0.0);
  CHECK(first["test"]["ece"] == 0.1);
  CHECK(object["runs"][2]["seed"] == 18'446'744'073'709'551'615U);
  CHECK(object["config"]["heads"] == 8);
  CHECK(object["command"] == "attune sweep --dataset cora");
  CHECK(object["environment"]["cores"].get<int>() >= 1);
  CHECK(object["environment"]["libraries"].contains("oneDNN"));
}

TEST_CASE("result: what is missing or not finite is left out", "[train][result]") {
  ExperimentResult result = sample();
  result.runs.resize(1);
  result.runs[0].fit.validation.reset();
  result.runs[0].fit.regularizer = std::numeric_limits<double>::quiet_NaN();
  const std::string written = to_json(result);
  CHECK_THAT(written, !Contains("null"));
  const json object = json::parse(written);
  CHECK_FALSE(object["runs"][0].contains("val_accuracy"));
  CHECK_FALSE(object["runs"][0].contains("align_loss"));
  CHECK_FALSE(object["runs"][0].contains("mmd"));
  CHECK(object["test_accuracy"]["std"] == 0.0);
  result.runs[0].fit.test.reset();
  CHECK_FALSE(json::parse(to_json(result)).contains("test_accuracy"));
  result.dataset = "\xFF";
  CHECK_THROWS_AS(to_json(result), attune::InvalidArgument);
}

TEST_CASE("result: evaluation says what was measured", "[train][result]") {
  const TemporaryFolder folder;
  attune::train::EvaluationResult result;
  result.dataset = "cora";
  result.model = "gat";
  result.train = {.accuracy = 1};
  result.test = ClassificationMetrics{.accuracy = 0.83, .macro_f1 = 0.82};
  attune::train::write_evaluation(folder.path("e.json"), result);
  const json object = json::parse(slurp(folder.path("e.json")));
  CHECK(object["test_accuracy"] == 0.83);
  CHECK(object["test"]["macro_f1"] == 0.82);
  CHECK(object["ece_bins"] == 15);
  CHECK_FALSE(object.contains("validation"));
}

TEST_CASE("result: compares the seeds that both files have", "[train][result]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("other.json");
  ExperimentResult other = sample();
  other.runs = {run(1, 0.80), run(7, 0.1), run(0, 0.82)};
  write_result(path, other);
  const auto accuracies = read_test_accuracies(path);
  REQUIRE(accuracies.size() == 3);
  CHECK(accuracies[2].seed == 0);
  CHECK(accuracies[2].test_accuracy == 0.82);

  ExperimentResult result = sample();
  result.comparison = compare_with(result.runs, path);
  CHECK(result.comparison->test.n == 2);  // 0.83 - 0.82 and 0.82 - 0.80
  CHECK(result.comparison->test.mean_difference == Approx(0.015));
  const json object = json::parse(to_json(result));
  CHECK(object["paired_test"]["other"] == path);
  CHECK(object["paired_test"]["n"] == 2);
  CHECK(object["paired_test"]["ci95"].size() == 2);

  other.runs = {run(0, 0.82)};
  write_result(path, other);
  CHECK_THROWS_WITH(compare_with(result.runs, path), Contains("two seeds") && Contains("found 1"));
}

TEST_CASE("result: seeds judged on different splits are not compared", "[train][result]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("other.json");
  ExperimentResult result = sample();
  for (RunResult& one : result.runs) {
    one.split = std::to_string(3);
  }
  ExperimentResult other = result;
  write_result(path, other);
  CHECK(json::parse(slurp(path))["runs"][0]["split"] == "3");
  CHECK(compare_with(result.runs, path).test.n == 3);
  other.runs[1].split = std::to_string(4);
  write_result(path, other);
  CHECK_THROWS_WITH(compare_with(result.runs, path),
                    Contains("seed 1: expected split 3 as in this sweep, found 4"));
  other.runs[1].split.clear();  // as earlier versions wrote it
  write_result(path, other);
  CHECK(compare_with(result.runs, path).test.n == 3);
}

TEST_CASE("result: areas under the ROC curve are summed up where runs have them",
          "[train][result]") {
  ExperimentResult result = sample();
  CHECK_FALSE(json::parse(to_json(result)).contains("test_roc_auc"));
  for (std::size_t i = 0; i < result.runs.size(); ++i) {
    result.runs[i].fit.test->roc_auc = 0.5 + 0.1 * static_cast<double>(i);
  }
  const json object = json::parse(to_json(result));
  CHECK(object["test_roc_auc"]["mean"] == Approx(0.6));
  CHECK(object["test_roc_auc"]["n"] == 3);
  CHECK(object["runs"][2]["test"]["roc_auc"] == Approx(0.7));
}

TEST_CASE("result: a file that is no result is refused", "[train][result]") {
  const TemporaryFolder folder;
  const auto expect = [&](const std::string& content, const std::string& reason) {
    const std::string path = folder.write("r.json", content);
    CHECK_THROWS_WITH(read_test_accuracies(path), Contains("r.json") && Contains(reason));
    CHECK_THROWS_AS(read_test_accuracies(path), FileError);
  };
  expect("{", "not JSON");
  expect("3", "expected an object, found 3");
  expect("{}", "runs is missing");
  expect(R"({"runs": {}})", "runs: expected an array");
  expect(R"({"runs": [1]})", "runs[0]: expected an object");
  expect(R"({"runs": [{"test_accuracy": 0.5}]})", "runs[0].seed is missing");
  expect(R"({"runs": [{"seed": -1, "test_accuracy": 0.5}]})", "runs[0].seed: expected a whole");
  expect(R"({"runs": [{"seed": 1, "test_accuracy": "x"}]})", "runs[0].test_accuracy");
  CHECK_THROWS_AS(read_test_accuracies(folder.path("none.json")), FileError);
}
