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

TEST_CASE("datasets info tells labels and lengths of texts", "[e2e]") {
  const TemporaryFolder folder;
  folder.write("d/text/sst2/dev.tsv", "sentence\tlabel\na fine film\t1\ndull\t0\nbad\t0\n");
  const std::string out = folder.path("i.json");
  const CommandOutcome outcome =
      run_attune({"--data-dir", folder.path("d"), "datasets", "info", "sst2", "--json", out});
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.out, Catch::Contains("validation: 3 examples  negative 2  positive 1"));
  const json info = json::parse(slurp(out));
  const json& part = info.at("parts").at("validation");
  CHECK(part.at("labels").at("positive") == 1);
  CHECK(part.at("words").at("max") == 3);
  CHECK(part.at("words").at("median") == 1);
  CHECK(run_attune({"datasets", "info", "sst2"}).status == 2);
  const std::string own = folder.write("own.tsv", "a\tb\nc\n");
  const CommandOutcome bad = run_attune({"datasets", "info", own});
  CHECK(bad.status == 2);
  CHECK_THAT(bad.err, Catch::Contains("own.tsv:2: expected label TAB text"));
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

TEST_CASE("datasets convert writes any data set as attune's own, and it trains the same", "[e2e]") {
  const TemporaryFolder folder;
  folder.write("mine/edges.csv", "a,b\nb,c\nc,d\nd,a\n");
  folder.write("mine/labels.csv", "a,red\nb,blue\nc,red\nd,blue\n");
  folder.write("mine/split.csv", "a,train\nb,train\nc,val\nd,test\n");
  const std::string converted = folder.path("mine.npz");
  REQUIRE(run_attune({"datasets", "convert", folder.path("mine"), "--output", converted}).status ==
          0);
  const auto weights = [&](const std::string& dataset) {
    const std::string file = folder.path("r.json");
    REQUIRE(run_attune({"train", "--dataset", dataset, "--epochs", "5", "--json", file}).status ==
            0);
    return json::parse(slurp(file)).at("runs").at(0).at("weights_sha256");
  };
  CHECK(weights(folder.path("mine")) == weights(converted));
}

TEST_CASE("datasets build dpkg makes a graph of a status file", "[e2e]") {
  const TemporaryFolder folder;
  std::string status;
  for (int i = 0; i < 30; ++i) {
    const std::string number = std::to_string(i);
    status += "Package: p" + number +
              "\nStatus: install ok installed\nSection: " + (i % 2 == 0 ? "libs" : "utils") +
              "\nDepends: p" + std::to_string(i / 2) +
              "\nDescription: " + (i % 2 == 0 ? "library" : "tool") + "\n\n";
  }
  const std::string output = folder.path("dpkg.npz");
  const CommandOutcome built =
      run_attune({"datasets", "build", "dpkg", "--status", folder.write("status", status),
                  "--max-share", "1", "--output", output});
  CAPTURE(built.err);
  REQUIRE(built.status == 0);
  CHECK_THAT(built.out, Catch::Contains("30 nodes, 29 edges, 2 features, 2 classes") &&
                            Catch::Contains("0 libs  1 utils"));
  CHECK(run_attune({"train", "--dataset", output, "--epochs", "3"}).status == 0);
  CHECK(run_attune({"datasets", "build", "dpkg", "--status", "/no/such", "--output", output})
            .status == 2);
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
