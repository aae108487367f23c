#include <csignal>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

using nlohmann::json;

const std::vector<std::string> kSmall{
    "train",  "--dataset", "citation-like:300", "--epochs", "40",
    "--seed", "3",         "--hidden-channels", "4",        "--heads",
    "2"};

std::vector<std::string> small_run(std::vector<std::string> more) {
  std::vector<std::string> arguments = kSmall;
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// What has to be equal between two runs of one command: everything but times and places.
json without_times(json result) {
  for (const char* key : {"command", "threads", "jobs", "peak_rss_bytes", "environment"}) {
    result.erase(key);
  }
  for (json& run : result.at("runs")) {
    run.erase("seconds");
    run.erase("ms_per_epoch");
  }
  return result;
}

json read_json(const std::string& path) {
  return json::parse(slurp(path));
}

TEST_CASE("train prints the test accuracy and writes it as JSON", "[e2e]") {
  const TemporaryFolder folder;
  const CommandOutcome outcome = run_attune(small_run({"--json", folder.path("r.json")}));
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.out, Catch::Contains("test        accuracy"));
  CHECK(outcome.err.empty());  // piped: no progress line
  const json result = read_json(folder.path("r.json"));
  CHECK(result.at("dataset") == "citation-like:300");
  CHECK(result.at("model") == "gat");
  CHECK(result.at("align") == "none");
  for (const char* key : {"align_weight", "threads", "version"}) {
    CHECK(result.contains(key));
  }
  REQUIRE(result.at("runs").size() == 1);
  const json& run = result.at("runs").at(0);
  for (const char* key : {"seed", "test_accuracy", "val_accuracy", "best_epoch", "epochs",
                          "seconds", "ms_per_epoch", "align_loss"}) {
    CAPTURE(key);
    CHECK(run.contains(key));
  }
  CHECK(run.at("seed") == 3);
  CHECK(run.at("epochs") == 40);
  CHECK(run.at("test_accuracy") > 0.4);  // seven classes: it learned
  CHECK(result.at("test_accuracy").at("n") == 1);
  CHECK(result.at("test_accuracy").at("mean") == run.at("test_accuracy"));
}

TEST_CASE("train gives the same result on 1, 2 and 8 threads", "[e2e][threads]") {
  const TemporaryFolder folder;
  json first;
  for (const char* threads : {"1", "2", "8"}) {
    const std::string file = folder.path(std::string("r") + threads + ".json");
    REQUIRE(run_attune(small_run({"--threads", threads, "--json", file})).status == 0);
    const json result = without_times(read_json(file));
    first = first.is_null() ? result : first;
    CHECK(result == first);
  }
}

TEST_CASE("A run killed with SIGKILL and resumed ends like one that was left alone",
          "[e2e][resume]") {
  const TemporaryFolder folder;
  const std::vector<std::string> steady{
      "train",      "--dataset", "citation-like:300",  "--epochs", "400",
      "--patience", "0",         "--checkpoint-every", "5"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), steady.begin(), steady.end());
    return more;
  };
  const std::string whole = folder.path("whole.json");
  REQUIRE(run_attune(with({"--json", whole, "--out", folder.path("whole")})).status == 0);
  const std::string run = folder.path("run");
  CommandOptions killed;
  killed.kill_signal = SIGKILL;
  killed.kill_after = std::chrono::milliseconds(150);
  int kills = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const bool saved = !folder.files().empty() && slurp(whole).size() > 0 &&
                       run_attune({"evaluate", "--checkpoint", run}).status == 0;
    kills += run_attune(with({saved ? "--resume" : "--out", run}), killed).status == 137 ? 1 : 0;
  }
  const bool saved = run_attune({"evaluate", "--checkpoint", run}).status == 0;
  const std::string resumed = folder.path("resumed.json");
  const CommandOutcome last =
      run_attune(with({saved ? "--resume" : "--out", run, "--json", resumed}));
  CAPTURE(kills, last.err);
  REQUIRE(last.status == 0);
  CHECK(without_times(read_json(resumed)) == without_times(read_json(whole)));
}

TEST_CASE("Ctrl-C saves the run and exits with 130", "[e2e][resume]") {
  const TemporaryFolder folder;
  CommandOptions interrupted;
  interrupted.kill_signal = SIGINT;
  interrupted.kill_after = std::chrono::milliseconds(700);
  const CommandOutcome outcome =
      run_attune({"train", "--dataset", "citation-like:300", "--epochs", "2000000", "--patience",
                  "0", "--checkpoint-every", "1000000", "--out", folder.path("run")},
                 interrupted);
  CHECK(outcome.status == 130);
  CHECK_THAT(outcome.err, Catch::Contains("--resume"));
  CHECK(run_attune({"evaluate", "--checkpoint", folder.path("run")}).status == 0);
}

TEST_CASE("A saved model is measured and applied as it was trained", "[e2e]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  REQUIRE(run_attune(small_run({"--out", run, "--json", folder.path("r.json")})).status == 0);
  const json trained = read_json(folder.path("r.json")).at("runs").at(0);

  REQUIRE(run_attune({"evaluate", "--checkpoint", run, "--json", folder.path("e.json")}).status ==
          0);
  const json evaluated = read_json(folder.path("e.json"));
  CHECK(evaluated.at("test") == trained.at("test"));
  CHECK(evaluated.at("validation") == trained.at("validation"));

  const std::string csv = folder.path("p.csv");
  REQUIRE(run_attune({"predict", "--checkpoint", run, "--output", csv, "--attention",
                      folder.path("a.npz")})
              .status == 0);
  const std::string rows = slurp(csv);
  CHECK(rows.starts_with("node,predicted,p0,p1,p2,p3,p4,p5,p6\n0,"));
  CHECK(std::count(rows.begin(), rows.end(), '\n') == 301);
}

TEST_CASE("predict writes coefficients as CSV too, of models that have any", "[e2e]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  const std::string csv = folder.path("a.csv");
  const std::vector<std::string> predict{
      "predict", "--checkpoint", run, "--output", folder.path("p.csv"), "--attention", csv};
  REQUIRE(run_attune(small_run({"--out", run})).status == 0);
  REQUIRE(run_attune(predict).status == 0);
  CHECK(slurp(csv).starts_with("src,dst,layer0_head0,layer0_head1,layer1_head0\n"));
  REQUIRE(run_attune(small_run({"--model", "sage", "--out", run, "--overwrite"})).status == 0);
  const CommandOutcome outcome = run_attune(predict);
  CHECK(outcome.status == 2);
  CHECK_THAT(outcome.err, Catch::Contains("layers of sage have no attention coefficients"));
}

TEST_CASE("A run: --out does not overwrite a run unasked", "[e2e]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  REQUIRE(run_attune(small_run({"--out", run})).status == 0);
  const CommandOutcome again = run_attune(small_run({"--out", run}));
  CHECK(again.status == 2);
  CHECK_THAT(again.err, Catch::Contains("--overwrite"));
  CHECK(run_attune(small_run({"--out", run, "--overwrite"})).status == 0);
}

TEST_CASE("A run: --resume refuses another model than was saved, and names the option", "[e2e]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  REQUIRE(run_attune(small_run({"--out", run})).status == 0);
  std::vector<std::string> other = small_run({"--resume", run});
  std::replace(other.begin(), other.end(), std::string("2"), std::string("4"));  // heads
  const CommandOutcome outcome = run_attune(other);
  CHECK(outcome.status == 2);
  CHECK_THAT(outcome.err, Catch::Contains("heads"));
}

TEST_CASE("A run: --compute chooses the nodes of an epoch, and is part of the run", "[e2e]") {
  const TemporaryFolder folder;
  const auto digest = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = small_run({"--json", folder.path("r.json")});
    arguments.insert(arguments.end(), more.begin(), more.end());
    REQUIRE(run_attune(arguments).status == 0);
    return read_json(folder.path("r.json")).at("runs").at(0).at("weights_sha256");
  };
  const json needed = digest({"--compute", "needed"});
  CHECK(digest({}) == needed);
  const json aligned = digest({"--align", "mmd", "--compute", "needed"});
  CHECK(digest({"--align", "mmd"}) == aligned);
  const std::vector<std::string> every_node{"--align",         "mmd", "--align-every", "1",
                                            "--align-samples", "0"};
  std::vector<std::string> said = every_node;
  said.insert(said.end(), {"--compute", "all"});
  CHECK(digest(every_node) == digest(said));
  CHECK(digest(every_node) != aligned);
  CHECK(digest({"--compute", "all", "--out", folder.path("run")}) != needed);
  const CommandOutcome other = run_attune(small_run({"--resume", folder.path("run")}));
  CHECK(other.status == 2);
  CHECK_THAT(other.err, Catch::Contains("run.compute was \"all\", got \"auto\""));
  const CommandOutcome edges =
      run_attune(small_run({"--align", "ct", "--align-support", "edges", "--compute", "needed"}));
  CHECK(edges.status == 2);
  CHECK_THAT(edges.err, Catch::Contains("support edges needs all nodes"));
}

TEST_CASE("A config file sets options and a key that is none is an error", "[e2e]") {
  const TemporaryFolder folder;
  const std::string good =
      folder.write("good.toml", "[train]\ndataset = \"citation-like:60\"\nepochs = 3\nheads = 2\n");
  const CommandOutcome outcome =
      run_attune({"train", "--config", good, "--json", folder.path("r.json")});
  CHECK(outcome.status == 0);
  const json result = read_json(folder.path("r.json"));
  CHECK(result.at("config").at("heads") == 2);
  CHECK(result.at("runs").at(0).at("epochs") == 3);
  const CommandOutcome over =
      run_attune({"train", "--config", good, "--heads", "3", "--json", folder.path("o.json")});
  CHECK(over.status == 0);
  CHECK(read_json(folder.path("o.json")).at("config").at("heads") == 3);

  const std::string bad = folder.write("bad.toml", "[train]\nheds = 3\n");
  const CommandOutcome refused =
      run_attune({"train", "--dataset", "citation-like:60", "--config", bad});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Catch::Contains("heds"));
}

TEST_CASE("A GAT learns Cora", "[e2e][data]") {
  const auto data = data_folder();
  if (!data) {
    ATTUNE_SKIP("needs the Planetoid files of Cora; set ATTUNE_DATA");
  }
  const TemporaryFolder folder;
  const CommandOutcome outcome =
      run_attune({"train", "--dataset", "cora", "--epochs", "150", "--json", folder.path("r.json")},
                 {.data = *data});
  REQUIRE(outcome.status == 0);
  CHECK(read_json(folder.path("r.json")).at("test_accuracy").at("mean") > 0.78);
}

}  // namespace
}  // namespace attune::testing
