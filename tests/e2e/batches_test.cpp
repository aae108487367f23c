#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;

Arguments sampled_run(const Arguments& more) {
  Arguments arguments{"train",
                      "--dataset",
                      "citation-like:300",
                      "--seed",
                      "3",
                      "--hidden-channels",
                      "4",
                      "--heads",
                      "2",
                      "--align",
                      "ct",
                      "--align-samples",
                      "16",
                      "--batch-size",
                      "32",
                      "--epochs"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

json read_run(const std::string& path) {
  return json::parse(slurp(path)).at("runs").at(0);
}

TEST_CASE("train goes in batches of sampled neighbours and records how", "[e2e]") {
  const TemporaryFolder folder;
  const std::string out = folder.path("run");
  const CommandOutcome outcome = run_attune(
      sampled_run({"30", "--fan-outs", "5,3", "--out", out, "--json", folder.path("r.json")}));
  CAPTURE(outcome.err);
  REQUIRE(outcome.status == 0);
  const json result = json::parse(slurp(folder.path("r.json")));
  CHECK(result.at("config").at("batch_size") == 32);
  CHECK(result.at("config").at("fan_outs") == "5,3");
  CHECK(result.at("runs").at(0).at("test_accuracy") > 0.4);  // seven classes: it learned
  CHECK(result.at("runs").at(0).at("align_loss") > 0);
  const json checkpoint = json::parse(slurp(out + "/checkpoint.json"));
  CHECK(checkpoint.at("run").at("batch_size") == 32);
  CHECK(checkpoint.at("run").at("fan_outs") == "5,3");
  CHECK(run_attune({"evaluate", "--checkpoint", out}).status == 0);
}

TEST_CASE("Batches give the same weights on any number of threads and after a resumption",
          "[e2e][threads]") {
  const TemporaryFolder folder;
  const auto digest = [&](const std::string& name, const Arguments& more) {
    Arguments arguments = sampled_run(more);
    arguments.insert(arguments.end(), {"--json", folder.path(name)});
    REQUIRE(run_attune(arguments).status == 0);
    return read_run(folder.path(name)).at("weights_sha256");
  };
  const json one = digest("1", {"8", "--fan-outs", "5,-1", "--threads", "1"});
  CHECK(digest("8", {"8", "--fan-outs", "5,-1", "--threads", "8"}) == one);
  const std::string out = folder.path("run");
  REQUIRE(run_attune(sampled_run({"3", "--fan-outs", "5,-1", "--out", out})).status == 0);
  CHECK(digest("r", {"8", "--fan-outs", "5,-1", "--resume", out}) == one);
  const CommandOutcome other = run_attune(sampled_run({"8", "--fan-outs", "5,4", "--resume", out}));
  CHECK(other.status == 2);
  CHECK_THAT(other.err, Catch::Contains("run.fan_outs was \"5,-1\", got \"5,4\""));
}

TEST_CASE("A run without batches says nothing of them", "[e2e]") {
  const TemporaryFolder folder;
  REQUIRE(run_attune({"train", "--dataset", "citation-like:60", "--epochs", "2", "--json",
                      folder.path("r.json")})
              .status == 0);
  const json config = json::parse(slurp(folder.path("r.json"))).at("config");
  CHECK(!config.contains("batch_size"));
  CHECK(!config.contains("fan_outs"));
}

TEST_CASE("Batches that make no sense exit with 2 and say why", "[e2e]") {
  struct Case {
    Arguments arguments;
    std::string says;
  };
  const std::vector<Case> cases{
      {{"--batch-size", "0", "--fan-outs", "5,5"}, "--batch-size: expected at least 1, got 0"},
      {{"--batch-size", "-4", "--fan-outs", "5,5"}, "--batch-size: expected at least 1, got -4"},
      {{"--batch-size", "8"}, "--batch-size: expected --fan-outs beside it, 2 numbers"},
      {{"--fan-outs", "5,5"}, "--fan-outs: expected --batch-size beside it, got none"},
      {{"--batch-size", "8", "--fan-outs", "5"}, "--fan-outs: expected 2 numbers, one a layer"},
      {{"--batch-size", "8", "--fan-outs", "5,0"}, "--fan-outs: expected whole numbers"},
      {{"--batch-size", "8", "--fan-outs", "5,-2"}, "got \"5,-2\""},
      {{"--batch-size", "8", "--fan-outs", "5,"}, "got \"5,\""},
      {{"--batch-size", "8", "--fan-outs", "5;5"}, "got \"5;5\""},
      {{"--batch-size", "8", "--fan-outs", "5,99999999999999999999"}, "--fan-outs: expected whole"},
      {{"--batch-size", "8", "--fan-outs", "5,5", "--compute", "all"}, "--compute all"},
      {{"--batch-size", "8", "--fan-outs", "5,5", "--align", "ct", "--align-support", "edges"},
       "--align-support edges"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.arguments);
    Arguments arguments{"train", "--dataset", "citation-like:60", "--epochs", "2"};
    arguments.insert(arguments.end(), one.arguments.begin(), one.arguments.end());
    const CommandOutcome outcome = run_attune(arguments);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains(one.says));
  }
}

}  // namespace
}  // namespace attune::testing
