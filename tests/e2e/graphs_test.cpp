#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;

json read_json(const std::string& path) {
  return json::parse(slurp(path));
}

std::string generated(const TemporaryFolder& folder) {
  const std::string graphs = folder.path("graphs/");
  REQUIRE(run_attune({"datasets", "generate", "--graphs", "8", "--nodes", "40", "--labels", "6",
                      "--noise", "1", "--output", graphs})
              .status == 0);
  return graphs;
}

Arguments training(const std::string& graphs, const Arguments& more) {
  Arguments arguments{"train", "--dataset",  graphs, "--dropout", "0",       "--attention-dropout",
                      "0",     "--residual", "--lr", "0.01",      "--epochs"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST_CASE("Generated graphs of several labels are described, trained on and predicted", "[e2e]") {
  const TemporaryFolder folder;
  const std::string graphs = generated(folder);
  const CommandOutcome info =
      run_attune({"datasets", "info", graphs, "--json", folder.path("i.json")});
  REQUIRE(info.status == 0);
  const json facts = read_json(folder.path("i.json"));
  CHECK(facts.at("graphs") == 8);
  CHECK(facts.at("train_graphs") == 6);
  CHECK(facts.at("validation_graphs") == 1);
  CHECK(facts.at("test_graphs") == 1);
  CHECK(facts.at("labels") == 6);
  CHECK(facts.at("nodes_per_label").size() == 6);
  CHECK(!facts.contains("classes"));
  const std::string run = folder.path("run");
  const CommandOutcome outcome = run_attune(
      training(graphs, {"40", "--batch-size", "2", "--out", run, "--json", folder.path("r.json")}));
  CAPTURE(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.out, Catch::Contains("test        micro-F1"));
  const json result = read_json(folder.path("r.json"));
  CHECK(result.at("config").at("batch_size") == 2);
  CHECK(result.at("test_micro_f1").at("mean") == result.at("runs").at(0).at("test").at("micro_f1"));
  CHECK(result.at("test_micro_f1").at("mean") > 0.6);
  const CommandOutcome evaluated =
      run_attune({"evaluate", "--checkpoint", run, "--json", folder.path("e.json")});
  REQUIRE(evaluated.status == 0);
  CHECK(read_json(folder.path("e.json")).at("test") == result.at("runs").at(0).at("test"));
  REQUIRE(run_attune({"predict", "--checkpoint", run, "--output", folder.path("p.csv")}).status ==
          0);
  const std::string csv = slurp(folder.path("p.csv"));
  CHECK(csv.starts_with("node,predicted,p0,p1,p2,p3,p4,p5\n0,"));
  CHECK(std::count(csv.begin(), csv.end(), '\n') == facts.at("nodes").get<std::int64_t>() + 1);
}

TEST_CASE("Graphs give the same weights on any number of threads and after a resumption",
          "[e2e][threads]") {
  const TemporaryFolder folder;
  const std::string graphs = generated(folder);
  const auto digest = [&](const Arguments& more) {
    Arguments arguments = training(graphs, more);
    arguments.insert(arguments.end(),
                     {"--batch-size", "2", "--align", "gan", "--json", folder.path("r.json")});
    REQUIRE(run_attune(arguments).status == 0);
    return read_json(folder.path("r.json")).at("runs").at(0).at("weights_sha256");
  };
  const std::string run = folder.path("run");
  const json one = digest({"6", "--threads", "1"});
  CHECK(digest({"6", "--threads", "8"}) == one);
  (void)digest({"2", "--out", run});
  CHECK(digest({"6", "--resume", run}) == one);
}

TEST_CASE("Graphs of several labels: what makes no sense exits with 2 and says why", "[e2e]") {
  const TemporaryFolder folder;
  const std::string graphs = generated(folder);
  const std::string run = folder.path("run");
  REQUIRE(run_attune(training(graphs, {"2", "--out", run})).status == 0);
  const std::string no_labels = folder.path("unlabelled/");
  for (const std::string& file : folder.files()) {
    if (file.starts_with("graphs/") && !file.ends_with("train_labels.npy")) {
      folder.write("unlabelled/" + file.substr(7), slurp(folder.path(file)));
    }
  }
  struct Case {
    Arguments arguments;
    std::string says;
  };
  const std::vector<Case> cases{
      {{"train", "--dataset", no_labels, "--epochs", "2"}, "train_labels.npy"},
      {{"train", "--dataset", graphs, "--split", "random:1"}, "divided by its 8 graphs"},
      {{"train", "--dataset", graphs, "--batch-size", "0"}, "--batch-size: expected at least 1"},
      {{"train", "--dataset", graphs, "--fan-outs", "5,5"}, "expected --batch-size beside it"},
      {{"train", "--dataset", graphs, "--align", "ct", "--align-support", "edges"},
       "--align-support edges: expected one graph"},
      {{"train", "--dataset", graphs, "--align", "ct", "--compute", "all"},
       "--compute all: expected one graph"},
      {{"datasets", "convert", graphs, "--output", folder.path("c.npz")}, "expected one graph"},
      {{"report", run, "--output", folder.path("r.html")}, "whose nodes have several labels"},
      {{"evaluate", "--checkpoint", run, "--dataset", "citation-like:60"}, "several labels"},
      {{"datasets", "generate", "--graphs", "0", "--output", folder.path("g")}, "num_graphs"},
      {{"datasets", "generate", "--labels", "5", "--output", folder.path("g")},
       "--labels: expected --graphs beside it"},
      {{"datasets", "generate", "--graphs", "3", "--words", "5", "--output", folder.path("g")},
       "--words: expected no --graphs beside it"},
      {{"train", "--dataset", "ppi", "--data-dir", folder.path()}, "ppi/train_graph.json"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.arguments);
    const CommandOutcome outcome = run_attune(one.arguments);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains(one.says));
  }
}

}  // namespace
}  // namespace attune::testing
