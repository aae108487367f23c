#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/temporary_folder.hpp"

namespace attune::testing {
namespace {

using Catch::Contains;
using nlohmann::json;
using Arguments = std::vector<std::string>;

/// Sentences whose answer hangs on one adjective, and synonyms that a model trained on them has not
/// met, or met on the other side.
class AttackedModel {
 public:
  AttackedModel() {
    const Arguments nouns{"film", "plot", "cast", "scene", "score", "story", "joke", "ending"};
    const Arguments good{"lovely", "clever", "superb"};
    const Arguments bad{"dreary", "clumsy", "stale"};
    std::string train;
    std::string test;
    for (const std::string& noun : nouns) {
      for (std::size_t i = 0; i < good.size(); ++i) {
        test += i == 0 ? "" : "1\tthe " + noun + " is " + good[i] + " .\n";
        train += "1\tthe " + noun + " is " + good[i] + " .\n";
        train += "0\tthe " + noun + " is " + bad[i] + " .\n";
      }
    }
    folder_.write("task/train.tsv", train);
    folder_.write("task/test.tsv", test);
    folder_.write("synonyms/counterfitted_neighbors.json",
                  R"({"lovely": ["stale", "fair"], "clever": ["clumsy"], "superb": ["dreary"],
                      "dreary": ["superb"], "clumsy": ["clever"], "stale": ["lovely"]})");
    folder_.write("synonyms/wordnet_antonyms.txt", "dreary superb\n");
    run({"text", "train", "--task", path("task/"), "--from-scratch", "--hidden", "16", "--layers",
         "1", "--vocab-size", "300", "--epochs", "30", "--lr", "0.01", "--dropout", "0", "--out",
         path("model")});
  }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }

  json attack(Arguments more) const {
    more.insert(more.end(), {"--json", path("result.json")});
    run(attack_arguments(std::move(more)));
    return json::parse(slurp(path("result.json")));
  }

  /// What stderr says of a command that is refused.
  [[nodiscard]] std::string refusal(Arguments more) const {
    const CommandOutcome outcome = run_attune(attack_arguments(std::move(more)));
    CHECK(outcome.status == 2);
    return outcome.err;
  }

  static void run(const Arguments& arguments) {
    const CommandOutcome outcome = run_attune(arguments);
    CAPTURE(arguments, outcome.err);
    REQUIRE(outcome.status == 0);
  }

 private:
  [[nodiscard]] Arguments attack_arguments(Arguments more) const {
    Arguments all{"text", "attack", "--checkpoint", path("model"), "--data-dir", path("")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  TemporaryFolder folder_;
};

std::string without_times(json result) {
  for (const char* key : {"command", "seconds", "threads"}) {
    result.erase(key);
  }
  return result.dump();
}

TEST_CASE("text attack fools a model with synonyms and counts what it asks", "[e2e][attack]") {
  const AttackedModel model;
  const json result = model.attack({"--samples", "0", "--min-similarity", "0", "--max-changed",
                                    "0.3", "--examples", model.path("examples.txt")});
  const json& summary = result.at("summary");
  REQUIRE(summary.at("examples") == 16);
  CHECK(summary.at("accuracy_before") > 0.9);
  CHECK(summary.at("succeeded") > 0);
  std::int64_t queries = 0;
  for (const json& example : result.at("results")) {
    queries += example.at("queries").get<std::int64_t>();
    CHECK(example.at("changes").size() <= 1);
    // Antonyms by the file.
    if (example.at("original").get<std::string>().find("superb") != std::string::npos) {
      CHECK(example.at("outcome") != "succeeded");
    }
  }
  CHECK(summary.at("total_queries") == queries);
  CHECK_THAT(slurp(model.path("examples.txt")), Contains("[[clever]]") && Contains("[[clumsy]]"));
  const json again = model.attack(
      {"--samples", "0", "--min-similarity", "0", "--max-changed", "0.3", "--threads", "3"});
  CHECK(without_times(again) == without_times(result));
}

TEST_CASE("text attack draws the same texts for the same seed", "[e2e][attack]") {
  const AttackedModel model;
  const auto numbers = [&](const char* seed) {
    const json result = model.attack({"--attack", "textbugger", "--samples", "5", "--seed", seed});
    Arguments drawn;
    for (const json& example : result.at("results")) {
      drawn.push_back(std::to_string(example.at("example").get<int>()));
    }
    return drawn;
  };
  const Arguments first = numbers("3");
  CHECK(first.size() == 5);
  CHECK(numbers("3") == first);
  CHECK(numbers("4") != first);
}

TEST_CASE("text attack by bae takes its words from a pretrained encoder", "[e2e][attack]") {
  const AttackedModel model;
  AttackedModel::run({"text", "pretrain", "--task", model.path("task/"), "--hidden", "16",
                      "--layers", "1", "--vocab-size", "300", "--steps", "30", "--holdout", "0.1",
                      "--out", model.path("encoder")});
  for (const char* edits : {"replace", "insert", "either", "both"}) {
    CAPTURE(edits);
    const json result =
        model.attack({"--attack", "bae", "--edits", edits, "--proposals", model.path("encoder"),
                      "--samples", "6", "--max-queries", "100"});
    CHECK(result.at("config").at("edits") == edits);
    CHECK(result.at("summary").at("total_queries") > 6);
    for (const json& example : result.at("results")) {
      CHECK(example.at("queries") <= 100);
    }
  }
}

TEST_CASE("text attack refuses what cannot be and says why", "[e2e][attack]") {
  const AttackedModel model;
  CHECK_THAT(model.refusal({"--attack", "pwws"}),
             Contains("expected textfooler, textbugger or bae, got \"pwws\""));
  CHECK_THAT(model.refusal({"--attack", "bae"}), Contains("--proposals"));
  CHECK_THAT(model.refusal({"--proposals", "x"}), Contains("only --attack bae"));
  CHECK_THAT(model.refusal({"--attack", "bae", "--proposals", model.path("model")}),
             Contains("model.safetensors"));
  CHECK_THAT(model.refusal({"--part", "validation"}), Contains("parts train, test"));
  CHECK_THAT(model.refusal({"--attacked", "second"}), Contains("takes one text"));
  CHECK_THAT(model.refusal({"--max-changed", "0"}), Contains("max_changed must be in (0, 1]"));
  CHECK_THAT(model.refusal({"--samples", "-1"}), Contains("--samples"));
  CHECK_THAT(run_attune({"text", "attack", "--checkpoint", model.path("task")}).err,
             Contains("attune_task.json"));
}

}  // namespace
}  // namespace attune::testing
