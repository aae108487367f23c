#include <catch2/catch.hpp>

#include "support/command.hpp"

namespace attune::testing {
namespace {

TEST_CASE("Both --help and --version go to stdout and succeed", "[e2e]") {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--help"},
                                             {"train", "--help"},
                                             {"sweep", "--help"},
                                             {"evaluate", "--help"},
                                             {"predict", "--help"},
                                             {"report", "--help"},
                                             {"datasets", "--help"},
                                             {"datasets", "generate", "--help"},
                                             {"--version"}}) {
    CAPTURE(arguments);
    const CommandOutcome outcome = run_attune(arguments);
    CHECK(outcome.status == 0);
    CHECK_FALSE(outcome.out.empty());
    CHECK(outcome.err.empty());
  }
}

TEST_CASE("Wrong usage exits with 2, says what is wrong on stderr and prints nothing", "[e2e]") {
  struct Case {
    std::vector<std::string> arguments;
    std::string says;
  };
  const std::vector<Case> cases{
      {{}, "subcommand is required"},
      {{"tarin"}, "tarin"},
      {{"train"}, "--dataset"},
      {{"train", "--dataset", "citation-like:60", "--bogus", "3"}, "--bogus"},
      {{"train", "--dataset", "coraa"}, "did you mean \"cora\""},
      {{"train", "--dataset", "citation-like:60", "--model", "gatt"}, "gatt"},
      {{"train", "--dataset", "citation-like:60", "--align", "cct"}, "cct"},
      {{"train", "--dataset", "citation-like:60", "--heads", "0"}, "heads must be"},
      {{"train", "--dataset", "citation-like:60", "--heads", "many"}, "many"},
      {{"train", "--dataset", "citation-like:60", "--hidden-channels", "-3"}, "hidden_channels"},
      {{"train", "--dataset", "citation-like:60", "--out-heads", "0"}, "out_heads"},
      {{"train", "--dataset", "citation-like:60", "--layers", "0"}, "layers"},
      {{"train", "--dataset", "citation-like:60", "--dropout", "1"}, "dropout must be in [0, 1)"},
      {{"train", "--dataset", "citation-like:60", "--dropout", "nan"}, "dropout must be in [0, 1)"},
      {{"train", "--dataset", "citation-like:60", "--attention-dropout", "-0.1"},
       "attention_dropout"},
      {{"train", "--dataset", "citation-like:60", "--negative-slope", "inf"}, "negative_slope"},
      {{"train", "--dataset", "citation-like:60", "--lr", "nan"}, "learning_rate"},
      {{"train", "--dataset", "citation-like:60", "--lr", "-1"}, "learning_rate"},
      {{"train", "--dataset", "citation-like:60", "--weight-decay", "-1"}, "weight_decay"},
      {{"train", "--dataset", "citation-like:60", "--epochs", "0"}, "epochs"},
      {{"train", "--dataset", "citation-like:60", "--patience", "-1"}, "patience"},
      {{"train", "--dataset", "citation-like:60", "--seed", "-1"}, "--seed"},
      {{"train", "--dataset", "citation-like:60", "--threads", "-1"}, "--threads"},
      {{"train", "--dataset", "citation-like:60", "--checkpoint-every", "0"}, "checkpoint-every"},
      {{"sweep", "--dataset", "citation-like:60", "--runs", "0"}, "--runs"},
      {{"sweep", "--dataset", "citation-like:60", "--jobs", "0"}, "--jobs"},
      {{"sweep", "--dataset", "citation-like:60", "--against", "none.json"}, "none.json"},
      {{"evaluate"}, "--checkpoint"},
      {{"evaluate", "--checkpoint", "nowhere"}, "nowhere"},
      {{"predict", "--checkpoint", "nowhere", "--output", "p.csv"}, "nowhere"},
      {{"report"}, "folder"},
      {{"report", "nowhere"}, "--output"},
      {{"report", "nowhere", "--output", "r.html"}, "nowhere"},
      {{"report", "nowhere", "--output", "r.html", "--perplexity", "0.5"}, "--perplexity"},
      {{"report", "nowhere", "--output", "r.html", "--map-nodes", "1"}, "--map-nodes"},
      {{"report", "nowhere", "--output", "r.html", "--map-nodes", "5001"}, "--map-nodes"},
      {{"report", "nowhere", "--output", "r.html", "--map-seed", "-1"}, "--map-seed"},
      {{"report", "nowhere", "--output", "r.html", "--node", "first"}, "first"},
      {{"datasets"}, "subcommand is required"},
      {{"datasets", "info", "nothing"}, "unknown data set \"nothing\""},
      {{"datasets", "generate", "--output", "g.npz", "--classes", "1"}, "num_classes"},
      {{"datasets", "generate", "--output", "g.npz", "--nodes", "-5"}, "num_nodes"},
      {{"datasets", "fetch", "coraa"}, "coraa"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.arguments);
    const CommandOutcome outcome = run_attune(one.arguments);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains(one.says));
    CHECK(outcome.out.empty());
  }
}

TEST_CASE("Option names may be written with underscores", "[e2e]") {
  const CommandOutcome outcome = run_attune(
      {"train", "--dataset", "citation-like:60", "--hidden_channels=2", "--epochs", "2"});
  CHECK(outcome.status == 0);
}

}  // namespace
}  // namespace attune::testing
