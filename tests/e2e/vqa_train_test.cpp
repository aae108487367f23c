#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_vqa.hpp"

namespace attune::testing {
namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;

json read_json(const std::string& path) {
  return json::parse(slurp(path));
}

/// The toy data set and what is made of it.
class ToyVqa {
 public:
  ToyVqa() : data(write_toy_vqa(folder)) {}

  // `attune vqa SUBCOMMAND` on the data, with a tiny model where one is trained.
  [[nodiscard]] CommandOutcome vqa(Arguments arguments) const {
    const std::string command = arguments.front();
    arguments.insert(arguments.begin(), "vqa");
    arguments.insert(arguments.end(), {"--data", data});
    if (command == "train" || command == "sweep") {
      for (const char* more : {"--hidden", "16", "--layers", "1", "--heads", "2", "--lr", "0.01",
                               "--batch-size", "16", "--pavpu-samples", "4"}) {
        arguments.emplace_back(more);
      }
    }
    return run_attune(arguments);
  }

  [[nodiscard]] std::string path(const std::string& name) const { return folder.path(name); }

  TemporaryFolder folder;
  std::string data;
};

// All that must be equal between two runs of one command.
json weights_and_measures(const std::string& path) {
  const json run = read_json(path).at("runs").at(0);
  return {run.at("weights_sha256"), run.at("parts"), run.at("curve"), run.at("mmd")};
}

TEST_CASE("vqa: a model is trained and saved and measured and asked", "[e2e][vqa]") {
  const ToyVqa toy;
  const std::string run = toy.path("run");
  const CommandOutcome trained =
      toy.vqa({"train", "--epochs", "15", "--out", run, "--align", "gan", "--noise-variance",
               "0.5,2", "--json", toy.path("run.json")});
  CAPTURE(trained.err);
  REQUIRE(trained.status == 0);
  const json result = read_json(toy.path("run.json"));
  const json& one = result.at("runs").at(0);
  CHECK(result.at("test_accuracy").at("mean") > 0.8);
  CHECK(result.at("judged_by") == "test");
  for (const char* part : {"validation", "test", "test noise 0.5", "test noise 2"}) {
    CAPTURE(part);
    REQUIRE(one.at("parts").contains(part));
    for (const char* measure : {"accuracy", "nll", "ece", "accuracy.yes/no", "accuracy.other"}) {
      CAPTURE(measure);
      CHECK(one.at("parts").at(part).contains(measure));
    }
  }
  CHECK(one.at("parts").at("test").contains("pavpu"));
  CHECK(one.at("align_parameters") > 0);

  REQUIRE(toy.vqa({"evaluate", "--checkpoint", run, "--noise-variance", "0.5,2", "--pavpu-samples",
                   "4", "--json", toy.path("e.json")})
              .status == 0);
  for (const char* part : {"test", "test noise 0.5", "test noise 2"}) {
    CHECK(read_json(toy.path("e.json")).at("parts").at(part) == one.at("parts").at(part));
  }

  const std::string answers = toy.path("answers.json");
  REQUIRE(toy.vqa({"predict", "--checkpoint", run, "--output", answers}).status == 0);
  const json told = read_json(answers);
  REQUIRE(told.size() == 32);
  CHECK(told.at(0).at("question_id") == 400);
  CHECK(told.at(0).at("answer").is_string());
  CHECK(told.at(0).at("probability") <= 1);
}

TEST_CASE("vqa: a run is the same on 1 and 3 threads and when it is continued",
          "[e2e][vqa][threads]") {
  const ToyVqa toy;
  const auto train = [&](const std::string& name, Arguments more) {
    Arguments arguments{"train", "--epochs",      "3",      "--align",
                        "ct",    "--align-cross", "--json", toy.path(name)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const CommandOutcome outcome = toy.vqa(arguments);
    CAPTURE(outcome.err);
    REQUIRE(outcome.status == 0);
    return weights_and_measures(toy.path(name));
  };
  const json first = train("one.json", {"--threads", "1"});
  CHECK(train("three.json", {"--threads", "3", "--out", toy.path("run")}) == first);
  // The checkpoint is that of the end: what is left is to measure it.
  CHECK(train("resumed.json", {"--resume", toy.path("run")}) == first);
}

TEST_CASE("vqa: a sweep is compared with another seed by seed", "[e2e][vqa]") {
  const ToyVqa toy;
  const std::string soft = toy.path("soft.json");
  REQUIRE(toy.vqa({"sweep", "--runs", "3", "--epochs", "2", "--json", soft}).status == 0);
  const CommandOutcome aligned =
      toy.vqa({"sweep", "--runs", "3", "--epochs", "2", "--jobs", "2", "--align", "ot", "--against",
               soft, "--json", toy.path("ot.json")});
  CAPTURE(aligned.err);
  REQUIRE(aligned.status == 0);
  const json result = read_json(toy.path("ot.json"));
  CHECK(result.at("runs").size() == 3);
  CHECK(result.at("paired_test").at("n") == 3);
}

TEST_CASE("vqa: what cannot be done is status 2 and says why", "[e2e][vqa]") {
  const ToyVqa toy;
  REQUIRE(toy.vqa({"train", "--epochs", "1", "--out", toy.path("run")}).status == 0);
  struct Wrong {
    Arguments arguments;
    const char* said;
  };
  const std::vector<Wrong> all{
      {{"train", "--heads", "3"}, "heads"},
      {{"train", "--epochs", "0"}, "epochs"},
      {{"train", "--noise-variance", "-1"}, "--noise-variance"},
      {{"train", "--pavpu-dropout", "1"}, "dropout"},
      {{"train", "--min-answers", "1000"}, "answer"},
      {{"train", "--align", "ct", "--align-support", "edges"}, "edges"},
      {{"train", "--out", toy.path("run")}, "--overwrite"},
      {{"train", "--resume", toy.path("run"), "--epochs", "2"}, "epochs"},
      {{"evaluate", "--checkpoint", toy.path("nowhere")}, "nowhere"},
      {{"predict", "--checkpoint", toy.path("run"), "--part", "rest", "--output", "x"}, "--part"},
  };
  for (const Wrong& wrong : all) {
    const CommandOutcome outcome = toy.vqa(wrong.arguments);
    CAPTURE(wrong.arguments, outcome.err);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains(wrong.said));
  }
  CHECK(run_attune({"vqa", "train", "--data", toy.path("nowhere")}).status == 2);
}

}  // namespace
}  // namespace attune::testing
