#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

using nlohmann::json;

TEST_CASE("A seed's result in a sweep does not depend on the jobs, nor on the sweep", "[e2e]") {
  const TemporaryFolder folder;
  const auto accuracies = [&](std::vector<std::string> arguments) {
    const std::string file = folder.path("r.json");
    arguments.insert(arguments.end(),
                     {"--dataset", "citation-like:200", "--epochs", "30", "--json", file});
    const CommandOutcome outcome = run_attune(arguments);
    CAPTURE(outcome.err);
    REQUIRE(outcome.status == 0);
    std::vector<json> runs;
    const json result = json::parse(slurp(file));
    for (const json& run : result.at("runs")) {
      runs.push_back(
          json::array({run.at("seed"), run.at("test_accuracy"), run.at("weights_sha256")}));
    }
    return runs;
  };
  const auto one = accuracies({"sweep", "--runs", "4", "--jobs", "1"});
  CHECK(one.size() == 4);
  CHECK(accuracies({"sweep", "--runs", "4", "--jobs", "3"}) == one);
  CHECK(accuracies({"sweep", "--runs", "4", "--jobs", "2", "--threads", "1"}) == one);
  CHECK(accuracies({"train", "--seed", "2"}).at(0) == one.at(2));
}

TEST_CASE("sweep compares with another sweep seed by seed", "[e2e]") {
  const TemporaryFolder folder;
  const std::vector<std::string> base{"sweep",  "--dataset", "citation-like:200", "--epochs", "30",
                                      "--runs", "4"};
  auto plain = base;
  plain.insert(plain.end(), {"--json", folder.path("plain.json")});
  REQUIRE(run_attune(plain).status == 0);
  auto other = base;
  other.insert(other.end(), {"--heads", "2", "--against", folder.path("plain.json"), "--json",
                             folder.path("other.json")});
  const CommandOutcome outcome = run_attune(other);
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.out, Catch::Contains("against"));
  const json test = json::parse(slurp(folder.path("other.json"))).at("paired_test");
  CHECK(test.at("n") == 4);
  CHECK(test.contains("mean_difference"));
}

}  // namespace
}  // namespace attune::testing
