#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

using Arguments = std::vector<std::string>;

Arguments with(Arguments first, const Arguments& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

Arguments small_run(const Arguments& more) {
  return with({"train", "--dataset", "citation-like:200", "--epochs", "12", "--patience", "0",
               "--hidden-channels", "4", "--heads", "2"},
              more);
}

nlohmann::json result(const std::string& path) {
  return nlohmann::json::parse(slurp(path));
}

std::string weights(const std::string& path) {
  return result(path).at("runs").at(0).at("weights_sha256");
}

// Options that change what is learned, each with the setting that a result names it by.
const std::vector<std::pair<Arguments, std::string>> kOptions{
    {{"--label-smoothing", "0.2"}, "label_smoothing"},
    {{"--drop-edge", "0.3"}, "drop_edge"},
    {{"--warmup-epochs", "4"}, "warmup_epochs"},
    {{"--lr-schedule", "cosine", "--lr-epochs", "20"}, "lr_schedule"},
    {{"--lr-schedule", "linear", "--lr-epochs", "20"}, "lr_schedule"},
    {{"--lr-schedule", "step", "--lr-step-size", "3", "--lr-gamma", "0.5"}, "lr_step_size"},
    {{"--lr-schedule", "plateau", "--lr-patience", "0"}, "lr_patience"},
    {{"--norm", "layer"}, "norm"},
    {{"--norm", "batch"}, "norm"},
    {{"--jumping", "cat"}, "jumping"},
    {{"--jumping", "max", "--norm", "batch"}, "jumping"},
    {{"--jumping", "last", "--layers", "3"}, "jumping"},
    {{"--model", "sage"}, "model"},
    {{"--model", "sage", "--norm", "batch", "--jumping", "cat", "--drop-edge", "0.2"}, "norm"},
    {{"--batch-size", "20", "--fan-outs", "5,3", "--norm", "batch", "--jumping", "max"}, "norm"},
    {{"--batch-size", "20", "--fan-outs", "5,3", "--model", "sage", "--warmup-epochs", "4"},
     "warmup_epochs"},
};

TEST_CASE("Every training option changes the weights and is named in the result", "[e2e]") {
  const TemporaryFolder folder;
  const std::string plain = folder.path("plain.json");
  REQUIRE(run_attune(small_run({"--json", plain})).status == 0);
  for (const auto& [option, setting] : kOptions) {
    CAPTURE(option);
    const std::string json = folder.path("r.json");
    REQUIRE(run_attune(small_run(with(option, {"--json", json}))).status == 0);
    CHECK(result(json).at("config").contains(setting));
    if (option[1] != "plateau") {  // twelve epochs need not have one
      CHECK(weights(json) != weights(plain));
    }
  }
}

TEST_CASE("Every training option goes on to the bit and on any number of threads",
          "[e2e][resume][threads]") {
  for (const auto& [option, setting] : kOptions) {
    CAPTURE(option);
    const TemporaryFolder folder;
    const std::string whole = folder.path("whole.json");
    REQUIRE(run_attune(small_run(with(option, {"--json", whole, "--threads", "1"}))).status == 0);
    const std::string run = folder.path("run");
    Arguments half = small_run(with(option, {"--out", run, "--threads", "2"}));
    std::replace(half.begin(), half.end(), std::string("12"), std::string("5"));
    REQUIRE(run_attune(half).status == 0);
    const std::string rest = folder.path("rest.json");
    REQUIRE(run_attune(small_run(with(option, {"--resume", run, "--json", rest}))).status == 0);
    CHECK(weights(rest) == weights(whole));
    Arguments other = small_run({"--resume", run});
    const CommandOutcome refused = run_attune(other);
    CHECK(refused.status == 2);
    CHECK_THAT(refused.err, Catch::Contains("checkpoint.json"));
  }
}

TEST_CASE("What was trained with norms and jumping is measured as it was", "[e2e]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  const Arguments options{"--norm", "batch", "--jumping", "max", "--model", "sage"};
  const std::string json = folder.path("r.json");
  REQUIRE(run_attune(small_run(with(options, {"--out", run, "--json", json}))).status == 0);
  const std::string evaluated = folder.path("e.json");
  REQUIRE(run_attune({"evaluate", "--checkpoint", run, "--json", evaluated}).status == 0);
  CHECK(result(evaluated).at("test") == result(json).at("runs").at(0).at("test"));
}

TEST_CASE("Graphs whose nodes have several labels take the training options", "[e2e][resume]") {
  const TemporaryFolder folder;
  const std::string data = folder.path("graphs/");
  REQUIRE(run_attune({"datasets", "generate", "--graphs", "4", "--nodes", "30", "--labels", "3",
                      "--output", data})
              .status == 0);
  const auto on_graphs = [&](const std::string& epochs, const Arguments& more) {
    return with({"train", "--dataset", data, "--epochs", epochs, "--patience", "0"}, more);
  };
  const std::vector<Arguments> cases{
      {"--norm", "batch", "--batch-size", "2"},
      {"--drop-edge", "0.3", "--jumping", "cat"},
      {"--model", "sage", "--norm", "layer", "--lr-schedule", "plateau", "--batch-size", "2"},
  };
  for (const Arguments& options : cases) {
    CAPTURE(options);
    const std::string run = folder.path("run");
    const std::string whole = folder.path("whole.json");
    const std::string rest = folder.path("rest.json");
    REQUIRE(run_attune(on_graphs("6", with(options, {"--json", whole}))).status == 0);
    REQUIRE(run_attune(on_graphs("3", with(options, {"--out", run, "--overwrite"}))).status == 0);
    REQUIRE(run_attune(on_graphs("6", with(options, {"--resume", run, "--json", rest}))).status ==
            0);
    CHECK(weights(rest) == weights(whole));
  }
  const CommandOutcome outcome = run_attune(on_graphs("3", {"--label-smoothing", "0.1"}));
  CHECK(outcome.status == 2);
  CHECK_THAT(outcome.err, Catch::Contains("label_smoothing is of one label a row"));
}

// A ring whose edges, and nothing else, say which half their ends are in.
std::string ring_with_edge_features(const TemporaryFolder& folder) {
  std::string edges;
  std::string labels;
  std::string split;
  for (int i = 0; i < 60; ++i) {
    const std::string node = std::to_string(i);
    edges += node + "," + std::to_string((i + 1) % 60) + (i < 30 ? ",1,0\n" : ",0,1\n");
    labels += node + (i < 30 ? ",left\n" : ",right\n");
    split += node + (i % 3 == 0 ? ",train\n" : i % 3 == 1 ? ",validation\n" : ",test\n");
  }
  folder.write("ring/edges.csv", edges);
  folder.write("ring/labels.csv", labels);
  folder.write("ring/split.csv", split);
  return folder.path("ring");
}

TEST_CASE("Attention sees the features of edges, before and after a resumption", "[e2e][resume]") {
  const TemporaryFolder folder;
  const std::string ring = ring_with_edge_features(folder);
  const std::string model = GENERATE(as<std::string>{}, "gat", "gatv2", "transformer");
  CAPTURE(model);
  const auto ring_run = [&](const std::string& epochs, const Arguments& more) {
    return with(
        {"train", "--dataset", ring, "--model", model, "--patience", "0", "--epochs", epochs},
        more);
  };
  const std::string json = folder.path("r.json");
  const std::string blind = folder.path("blind.json");
  REQUIRE(run_attune(ring_run("9", {"--json", blind})).status == 0);
  REQUIRE(run_attune(ring_run("9", {"--edge-features", "--json", json})).status == 0);
  CHECK(weights(json) != weights(blind));
  CHECK(result(json).at("config").at("edge_channels") == 2);
  const std::string run = folder.path("run");
  REQUIRE(run_attune(ring_run("4", {"--edge-features", "--out", run})).status == 0);
  const std::string rest = folder.path("rest.json");
  REQUIRE(run_attune(ring_run("9", {"--edge-features", "--resume", run, "--json", rest})).status ==
          0);
  CHECK(weights(rest) == weights(json));
  const std::string evaluated = folder.path("e.json");
  REQUIRE(run_attune({"evaluate", "--checkpoint", run, "--json", evaluated}).status == 0);
  CHECK(result(evaluated).at("test") == result(rest).at("runs").at(0).at("test"));
  REQUIRE(run_attune({"datasets", "convert", ring, "--output", folder.path("ring.npz")}).status ==
          0);
  REQUIRE(run_attune({"evaluate", "--checkpoint", run, "--dataset", folder.path("ring.npz"),
                      "--json", evaluated})
              .status == 0);
  CHECK(result(evaluated).at("test") == result(rest).at("runs").at(0).at("test"));
}

TEST_CASE("Features of edges that are not there or that nobody sees exit with 2", "[e2e]") {
  const TemporaryFolder folder;
  const CommandOutcome none = run_attune(small_run({"--edge-features"}));
  CHECK(none.status == 2);
  CHECK_THAT(none.err, Catch::Contains("--edge-features: the edges of") &&
                           Catch::Contains("have no features"));
  const CommandOutcome gcn = run_attune(
      {"train", "--dataset", ring_with_edge_features(folder), "--edge-features", "--model", "gcn"});
  CHECK(gcn.status == 2);
  CHECK_THAT(gcn.err,
             Catch::Contains("--edge-features: expected --model gat, gatv2 or transformer"));
}

TEST_CASE("Training options out of range exit with 2 and say so", "[e2e]") {
  const std::vector<std::pair<Arguments, std::string>> cases{
      {{"--label-smoothing", "1"}, "label_smoothing must be in [0, 1), got 1"},
      {{"--drop-edge", "1.5"}, "DropEdge"},
      {{"--drop-edge", "-0.1"}, "DropEdge"},
      {{"--lr-schedule", "cosin"}, "cosin"},
      {{"--lr-schedule", "step", "--lr-step-size", "0"}, "step_size must be at least 1, got 0"},
      {{"--lr-schedule", "step", "--lr-gamma", "2"}, "gamma must be in (0, 1], got 2"},
      {{"--lr-schedule", "cosine", "--warmup-epochs", "13"}, "warmup must be 0 to 12, got 13"},
      {{"--lr-min", "1"}, "minimum must be at most the peak"},
      {{"--lr-patience", "-1"}, "patience must be at least 0, got -1"},
      {{"--norm", "batches"}, "batches"},
      {{"--jumping", "lstm"}, "lstm"},
      {{"--model", "sag"}, "sag"},
      {{"--drop-edge", "0.2", "--batch-size", "10", "--fan-outs", "5,5"},
       "--drop-edge: expected no --batch-size beside it"},
  };
  for (const auto& [option, says] : cases) {
    CAPTURE(option);
    const CommandOutcome outcome = run_attune(small_run(option));
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains(says));
  }
}

}  // namespace
}  // namespace attune::testing
