#include <algorithm>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/event_reader.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

using Arguments = std::vector<std::string>;
using nlohmann::json;

Arguments small(const std::string& command, const Arguments& more) {
  Arguments all{command, "--dataset", "citation-like:100", "--patience", "0", "--heads", "2"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<Event> events_in(const TemporaryFolder& folder, const std::string& name) {
  for (const std::string& file : folder.files()) {
    if (file.starts_with(name + "/events.out.tfevents.")) {
      return read_events(slurp(folder.path(file)));
    }
  }
  return {};
}

std::vector<json> lines_of(const std::string& path) {
  std::vector<json> lines;
  std::istringstream in(slurp(path));
  for (std::string line; std::getline(in, line);) {
    lines.push_back(json::parse(line));
  }
  return lines;
}

TEST_CASE("train logs every epoch for TensorBoard and the result at the best one", "[e2e]") {
  const TemporaryFolder folder;
  REQUIRE(run_attune(small("train", {"--epochs", "6", "--tensorboard", folder.path("tb"), "--align",
                                     "mmd", "--warmup-epochs", "4", "--json", folder.path("r.json"),
                                     "--out", folder.path("run")}))
              .status == 0);
  const std::vector<Event> events = events_in(folder, "tb");
  REQUIRE(events.size() == 2 + 6 + 1);
  const json run = json::parse(slurp(folder.path("r.json"))).at("runs").at(0);
  for (int epoch = 1; epoch <= 6; ++epoch) {
    const Event& event = events[static_cast<std::size_t>(epoch + 1)];
    CHECK(event.step == epoch);
    for (const char* tag : {"loss/train", "loss/validation", "loss/align", "accuracy/validation"}) {
      CAPTURE(tag);
      CHECK(event.scalars.contains(tag));
    }
    CHECK(event.scalars.at("learning_rate") == static_cast<float>(0.005 * std::min(epoch, 4) / 4));
    if (epoch == run.at("best_epoch")) {
      CHECK(event.scalars.at("accuracy/validation") == run.at("val_accuracy").get<float>());
    }
  }
  CHECK(events.back().step == run.at("best_epoch"));
  CHECK(events.back().scalars.at("best/test_accuracy") == run.at("test_accuracy").get<float>());
}

TEST_CASE("A resumed run goes on in a file of its own from its next epoch", "[e2e][resume]") {
  const TemporaryFolder folder;
  const std::string run = folder.path("run");
  REQUIRE(run_attune(small("train", {"--epochs", "3", "--out", run})).status == 0);
  REQUIRE(run_attune(small("train",
                           {"--epochs", "5", "--resume", run, "--tensorboard", folder.path("tb")}))
              .status == 0);
  const std::vector<Event> events = events_in(folder, "tb");
  REQUIRE(events.size() == 2 + 2 + 1);
  CHECK(events[1].session_status == 1);
  CHECK(events[1].step == 4);
  CHECK_FALSE(events[2].scalars.contains("loss/align"));
}

TEST_CASE("sweep logs a folder a seed and a line of JSON a run", "[e2e]") {
  const TemporaryFolder folder;
  const std::string lines = folder.path("runs.jsonl");
  const Arguments sweep =
      small("sweep", {"--epochs", "3", "--runs", "3", "--seed", "7", "--jobs", "2", "--tensorboard",
                      folder.path("tb"), "--jsonl", lines, "--json", folder.path("r.json")});
  REQUIRE(run_attune(sweep).status == 0);
  const json result = json::parse(slurp(folder.path("r.json")));
  std::vector<json> runs = lines_of(lines);
  REQUIRE(runs.size() == 3);
  std::sort(runs.begin(), runs.end(),
            [](const json& a, const json& b) { return a.at("seed") < b.at("seed"); });
  for (std::size_t i = 0; i < 3; ++i) {
    for (const auto& [key, value] : result.at("runs").at(i).items()) {
      CAPTURE(key);
      CHECK(runs[i].at(key) == value);
    }
    CHECK(runs[i].at("config") == result.at("config"));
    CHECK(runs[i].at("dataset") == "citation-like:100");
    CHECK(events_in(folder, "tb/seed-" + std::to_string(7 + i)).size() == 2 + 3 + 1);
  }
}

TEST_CASE("Lines of JSON are appended to those that are there", "[e2e]") {
  const TemporaryFolder folder;
  const std::string lines = folder.write("runs.jsonl", "{\"older\": true}\n");
  for (const char* seed : {"1", "2"}) {
    REQUIRE(
        run_attune(small("train", {"--epochs", "2", "--seed", seed, "--jsonl", lines})).status ==
        0);
  }
  const std::vector<json> runs = lines_of(lines);
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].at("older") == true);
  CHECK(runs[2].at("seed") == 2);
  CHECK(runs[2].at("command").get<std::string>().find("--jsonl") != std::string::npos);
}

TEST_CASE("Logs that cannot be written exit with 2", "[e2e]") {
  const TemporaryFolder folder;
  const std::string file = folder.write("file", "");
  for (const std::string command : {"train", "sweep"}) {
    for (const Arguments& option :
         {Arguments{"--jsonl", "/nowhere/runs.jsonl"}, Arguments{"--jsonl", folder.path()},
          Arguments{"--tensorboard", file + "/tb"}}) {
      CAPTURE(command, option);
      Arguments all = small(command, {"--epochs", "2"});
      all.insert(all.end(), option.begin(), option.end());
      const CommandOutcome outcome = run_attune(all);
      CHECK(outcome.status == 2);
      CHECK_THAT(outcome.err, Catch::Contains(option[1]));
    }
  }
}

}  // namespace
}  // namespace attune::testing
