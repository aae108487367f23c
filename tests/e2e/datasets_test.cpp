#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

using nlohmann::json;

TEST_CASE("datasets list names the data sets that are known", "[e2e]") {
  const CommandOutcome outcome = run_attune({"datasets", "list"});
  CHECK(outcome.status == 0);
  for (const char* name : {"cora", "citeseer", "pubmed"}) {
    CHECK_THAT(outcome.out, Catch::Contains(name));
  }
}

TEST_CASE("datasets generate writes the same file for the same options, and it trains", "[e2e]") {
  const TemporaryFolder folder;
  const std::string a = folder.path("a.npz");
  const std::string b = folder.path("b.npz");
  REQUIRE(
      run_attune({"datasets", "generate", "--nodes", "150", "--seed", "4", "--output", a}).status ==
      0);
  REQUIRE(run_attune({"datasets", "generate", "--nodes", "150", "--seed", "4", "--output", b,
                      "--threads", "8"})
              .status == 0);
  CHECK(slurp(a) == slurp(b));
  CHECK(run_attune({"train", "--dataset", a, "--epochs", "3"}).status == 0);
}

TEST_CASE("datasets info tells the published counts of Cora and CiteSeer", "[e2e][data]") {
  const auto data = data_folder();
  if (!data) {
    ATTUNE_SKIP("needs the Planetoid files; set ATTUNE_DATA");
  }
  const TemporaryFolder folder;
  const auto info = [&](const char* name) {
    const std::string file = folder.path("i.json");
    REQUIRE(run_attune({"datasets", "info", name, "--json", file}, {.data = *data}).status == 0);
    return json::parse(slurp(file));
  };
  const json cora = info("cora");
  CHECK(cora.at("nodes") == 2708);
  CHECK(cora.at("edges") == 5278);
  CHECK(cora.at("feature_non_zeros") == 49216);
  CHECK(cora.at("connected_components") == 78);
  const json citeseer = info("citeseer");
  CHECK(citeseer.at("nodes") == 3327);
  CHECK(citeseer.at("edges") == 4552);
  CHECK(citeseer.at("connected_components") == 438);
  CHECK(citeseer.at("isolated_nodes") == 48);
}

TEST_CASE("datasets fetch takes a mirror, checks what it gets, and leaves nothing on failure",
          "[e2e][data]") {
  const auto data = data_folder();
  if (!data) {
    ATTUNE_SKIP("needs the Planetoid files; set ATTUNE_DATA");
  }
  const TemporaryFolder folder;
  const std::string mirror = "file://" + *data + "/planetoid";
  const CommandOutcome fetched = run_attune(
      {"datasets", "fetch", "cora", "--from", mirror, "--data-dir", folder.path("data")});
  CAPTURE(fetched.err);
  CHECK(fetched.status == 0);
  CHECK(
      run_attune({"train", "--dataset", "cora", "--epochs", "2", "--data-dir", folder.path("data")})
          .status == 0);
  const TemporaryFolder wrong;
  wrong.write("ind.cora.x", "not a pickle");
  const TemporaryFolder target;
  const CommandOutcome refused = run_attune(
      {"datasets", "fetch", "cora", "--from", wrong.path(), "--data-dir", target.path()});
  CHECK(refused.status == 2);
  CHECK(target.files().empty());
}

TEST_CASE("A run says its split, and all splits take turns by the seed", "[e2e][data]") {
  const auto data = data_folder();
  if (!data) {
    ATTUNE_SKIP("needs heterophilous/texas.npz; set ATTUNE_DATA");
  }
  const TemporaryFolder folder;
  const std::string file = folder.path("r.json");
  const auto runs = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--dataset", "texas", "--epochs", "3", "--json", file});
    const CommandOutcome outcome = run_attune(arguments, {.data = *data});
    CAPTURE(outcome.err);
    REQUIRE(outcome.status == 0);
    return json::parse(slurp(file)).at("runs");
  };
  const json all = runs({"sweep", "--split", "all", "--seed", "8", "--runs", "4", "--jobs", "2"});
  REQUIRE(all.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(all.at(i).at("split") == std::to_string((8 + i) % 10));
  }
  const json alone = runs({"train", "--split", "1", "--seed", "11"});
  CHECK(alone.at(0).at("weights_sha256") == all.at(3).at("weights_sha256"));
  CHECK(alone.at(0).at("test_accuracy") == all.at(3).at("test_accuracy"));
}

TEST_CASE("evaluate judges on the split that the model was trained with", "[e2e]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  const auto accuracy = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--json", folder.path("r.json")});
    const CommandOutcome outcome = run_attune(arguments);
    CAPTURE(outcome.err);
    REQUIRE(outcome.status == 0);
    return json::parse(slurp(folder.path("r.json")));
  };
  const json trained = accuracy({"train", "--dataset", "citation-like:300", "--split",
                                 "fraction:0.5/0.2:6", "--epochs", "20", "--out", run});
  const json again = accuracy({"evaluate", "--checkpoint", run});
  CHECK(again.at("test").at("nll") == trained.at("runs").at(0).at("test").at("nll"));
  const json other = accuracy({"evaluate", "--checkpoint", run, "--split", "public"});
  CHECK(other.at("test").at("nll") != again.at("test").at("nll"));
  const CommandOutcome resumed = run_attune({"train", "--dataset", "citation-like:300", "--split",
                                             "fraction:0.5/0.2:7", "--resume", run});
  CHECK(resumed.status == 2);
  CHECK_THAT(resumed.err, Catch::Contains("dataset.split was \"fraction:0.5/0.2:6\""));
}

TEST_CASE("A split that cannot be is bad input", "[e2e]") {
  for (const char* rule : {"nope", "3", "random:x", "kfold:1", "all:all", "file:/no/such.npz"}) {
    CAPTURE(rule);
    const CommandOutcome outcome =
        run_attune({"datasets", "info", "citation-like:200", "--split", rule});
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains("attune: "));
  }
}

}  // namespace
}  // namespace attune::testing
