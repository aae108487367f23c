#include <csignal>
#include <filesystem>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/command.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_texts.hpp"

namespace attune::testing {
namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;

json read_json(const std::string& path) {
  return json::parse(slurp(path));
}

// What has to be equal between two runs of one command: everything but times and places.
json without_times(json result) {
  for (const char* key : {"command", "threads", "jobs", "environment", "seconds", "ms_per_step"}) {
    result.erase(key);
  }
  if (!result.contains("runs")) {
    return result;
  }
  for (json& run : result.at("runs")) {
    for (const char* key : {"seconds", "ms_per_epoch", "ms_per_step"}) {
      run.erase(key);
    }
  }
  return result;
}

/// Toy tasks and what is made of them.
class Toys {
 public:
  Toys() { write_toy_texts(folder); }

  // `attune text SUBCOMMAND` with a tiny encoder, where it trains one.
  [[nodiscard]] CommandOutcome text(Arguments arguments, const CommandOptions& options = {}) const {
    const std::string& command = arguments.front();
    const bool makes_encoder = command == "pretrain" || command == "train" || command == "sweep";
    arguments.insert(arguments.begin(), "text");
    if (makes_encoder) {
      for (const char* more : {"--max-length", "24", "--lr", "0.005", "--hidden", "16", "--layers",
                               "1", "--heads", "2", "--vocab-size", "150"}) {
        arguments.emplace_back(more);
      }
    }
    arguments.insert(arguments.end(), {"--data-dir", folder.path()});
    return run_attune(arguments, options);
  }

  [[nodiscard]] std::string path(const std::string& name) const { return folder.path(name); }

  TemporaryFolder folder;
};

TEST_CASE("text: an encoder is pretrained and fine-tuned and measured and asked", "[e2e][text]") {
  const Toys toys;
  const std::string encoder = toys.path("encoder");
  const CommandOutcome pretrained = toys.text(
      {"pretrain", "--epochs", "3", "--out", encoder, "--json", toys.path("pretrained.json")});
  CAPTURE(pretrained.err);
  REQUIRE(pretrained.status == 0);
  for (const char* file : {"config.json", "model.safetensors", "vocab.txt"}) {
    CAPTURE(file);
    CHECK(std::filesystem::exists(encoder + "/" + file));
  }
  const json told = read_json(toys.path("pretrained.json"));
  CHECK(told.at("texts").size() == 7);  // uci/imdb has nothing to train on
  CHECK(told.at("curve").size() == 3);

  const std::string run = toys.path("run");
  const CommandOutcome trained = toys.text(
      {"train", "--task", "sst2", "--model", encoder, "--epochs", "30", "--batch-size", "8",
       "--out", run, "--align", "ct", "--align-weight", "0.001", "--json", toys.path("run.json")});
  CAPTURE(trained.err);
  REQUIRE(trained.status == 0);
  CHECK(trained.err.empty());
  const json result = read_json(toys.path("run.json"));
  CHECK(result.at("test_accuracy").at("mean") > 0.9);
  CHECK(result.at("judged_by") == "test");
  const json& one = result.at("runs").at(0);
  for (const char* key : {"seed", "test_accuracy", "val_accuracy", "best_epoch", "epochs",
                          "seconds", "ms_per_epoch", "align_loss", "mmd"}) {
    CAPTURE(key);
    CHECK(one.contains(key));
  }
  CHECK(one.at("parts").at("test").contains("ece"));

  REQUIRE(toys.text({"evaluate", "--checkpoint", run, "--json", toys.path("e.json")}).status == 0);
  CHECK(read_json(toys.path("e.json")).at("parts").at("test").at("accuracy") ==
        one.at("test_accuracy"));
  REQUIRE(toys.text({"evaluate", "--checkpoint", run, "--task", "uci/imdb", "--json",
                     toys.path("e.json")})
              .status == 0);
  CHECK(read_json(toys.path("e.json")).at("parts").at("test").at("accuracy") > 0.9);

  const std::string input =
      toys.folder.write("input.txt", "the film is superb\nthe play is dull\n");
  REQUIRE(toys.text({"predict", "--checkpoint", run, "--input", input, "--output",
                     toys.path("out.tsv")})
              .status == 0);
  CHECK_THAT(slurp(toys.path("out.tsv")),
             Catch::StartsWith("label\tp_negative\tp_positive\npositive\t"));
  REQUIRE(toys.text({"predict", "--checkpoint", run, "--input", input, "--output",
                     toys.path("out.jsonl")})
              .status == 0);
  CHECK(
      json::parse(slurp(toys.path("out.jsonl")).substr(0, slurp(toys.path("out.jsonl")).find('\n')))
          .at("label") == "positive");
}

TEST_CASE("text: every kind of task is learned", "[e2e][text]") {
  struct Kind {
    const char* task;
    const char* measure;
    double least;
    const char* part;
  };
  const Toys toys;
  const Kind kind =
      GENERATE(Kind{"sick", "accuracy", 0.6, "test"}, Kind{"rte", "accuracy", 0.8, "validation"},
               Kind{"mrpc", "accuracy", 0.8, "test"}, Kind{"stsb", "pearson", 0.7, "test"},
               Kind{"swag", "accuracy", 0.6, "validation"}, Kind{"squad", "f1", 0.6, "validation"},
               Kind{"squad2", "f1", 0.6, "validation"});
  CAPTURE(kind.task);
  const std::string run = toys.path("run");
  const CommandOutcome outcome =
      toys.text({"train", "--task", kind.task, "--from-scratch", "--epochs", "25", "--batch-size",
                 "8", "--dropout", "0", "--out", run, "--json", toys.path("run.json")});
  CAPTURE(outcome.err);
  REQUIRE(outcome.status == 0);
  const json result = read_json(toys.path("run.json"));
  CHECK(result.at("judged_by") == kind.part);
  CHECK(result.at("runs").at(0).at("parts").at(kind.part).at(kind.measure) > kind.least);
  const CommandOutcome evaluated = toys.text({"evaluate", "--checkpoint", run});
  CAPTURE(evaluated.err);
  CHECK(evaluated.status == 0);
}

TEST_CASE("text: a run gives the same result on 1 and 2 threads", "[e2e][text][threads]") {
  const Toys toys;
  json first;
  for (const char* threads : {"1", "2"}) {
    const std::string file = toys.path(std::string("r") + threads + ".json");
    REQUIRE(toys.text({"train", "--task", "sick", "--from-scratch", "--align", "gan", "--epochs",
                       "2", "--accumulate", "2", "--threads", threads, "--json", file})
                .status == 0);
    const json result = without_times(read_json(file));
    first = first.is_null() ? result : first;
    CHECK(result == first);
  }
}

// Kills a command again and again, resumes it and lets it end. @return  its result
json result_after_kills(const Toys& toys, Arguments command, const std::string& folder) {
  CommandOptions killed;
  killed.kill_signal = SIGKILL;
  killed.kill_after = std::chrono::milliseconds(300);
  const auto with_folder = [&](Arguments arguments) {
    const bool saved = std::filesystem::exists(folder + "/training.json");
    arguments.insert(arguments.end(), {saved ? "--resume" : "--out", folder});
    return arguments;
  };
  for (int attempt = 0; attempt < 3; ++attempt) {
    (void)toys.text(with_folder(command), killed);
    killed.kill_after += std::chrono::milliseconds(200);
  }
  command.insert(command.end(), {"--json", folder + ".json"});
  const CommandOutcome last = toys.text(with_folder(command));
  CAPTURE(last.err);
  REQUIRE(last.status == 0);
  return without_times(read_json(folder + ".json"));
}

TEST_CASE("text: a run killed with SIGKILL and resumed ends like one that was left alone",
          "[e2e][text][resume]") {
  const Toys toys;
  const Arguments command{
      "train", "--task",       "sst2", "--from-scratch",     "--epochs", "150", "--align",
      "gan",   "--batch-size", "8",    "--checkpoint-every", "20"};
  Arguments steady = command;
  steady.insert(steady.end(), {"--out", toys.path("whole"), "--json", toys.path("whole.json")});
  REQUIRE(toys.text(steady).status == 0);
  const json killed = result_after_kills(toys, command, toys.path("killed"));
  CHECK(killed == without_times(read_json(toys.path("whole.json"))));
  CHECK(slurp(toys.path("killed/model.safetensors")) ==
        slurp(toys.path("whole/model.safetensors")));
}

TEST_CASE("text: pretraining killed with SIGKILL and resumed ends like one that was left alone",
          "[e2e][text][resume]") {
  const Toys toys;
  const Arguments command{"pretrain",     "--task", "sst2,sick",          "--epochs", "60",
                          "--batch-size", "16",     "--checkpoint-every", "20"};
  Arguments steady = command;
  steady.insert(steady.end(), {"--out", toys.path("whole"), "--json", toys.path("whole.json")});
  REQUIRE(toys.text(steady).status == 0);
  const json killed = result_after_kills(toys, command, toys.path("killed"));
  CHECK(killed == without_times(read_json(toys.path("whole.json"))));
}

TEST_CASE("text: Ctrl-C saves the run and exits with 130", "[e2e][text][resume]") {
  const Toys toys;
  CommandOptions interrupted;
  interrupted.kill_signal = SIGINT;
  interrupted.kill_after = std::chrono::milliseconds(700);
  const CommandOutcome outcome = toys.text({"train", "--task", "sst2", "--from-scratch", "--epochs",
                                            "1000000", "--out", toys.path("run")},
                                           interrupted);
  CHECK(outcome.status == 130);
  CHECK_THAT(outcome.err, Catch::Contains("--resume"));
  CHECK(std::filesystem::exists(toys.path("run/training.json")));
  CHECK(toys.text({"evaluate", "--checkpoint", toys.path("run")}).status == 2);  // not finished
}

TEST_CASE("text sweep: runs are kept as they end and compared seed by seed", "[e2e][text]") {
  const Toys toys;
  const auto sweep = [&](Arguments more) {
    Arguments arguments{"sweep", "--task", "sst2", "--from-scratch", "--epochs", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return toys.text(arguments);
  };
  const std::string plain = toys.path("plain.json");
  REQUIRE(sweep({"--runs", "2", "--json", plain}).status == 0);
  const json two = read_json(plain);
  REQUIRE(sweep({"--runs", "3", "--jobs", "2", "--continue", "--json", plain}).status == 0);
  const json three = read_json(plain);
  REQUIRE(three.at("runs").size() == 3);
  CHECK(three.at("runs").at(0) == two.at("runs").at(0));  // times included: it was not run again
  CHECK(three.at("runs").at(2).at("seed") == 2);

  const std::string whole = toys.path("whole.json");
  REQUIRE(sweep({"--runs", "3", "--json", whole}).status == 0);
  CHECK(without_times(read_json(whole)).at("runs") == without_times(three).at("runs"));

  const CommandOutcome aligned =
      sweep({"--runs", "3", "--align", "mmd", "--against", plain, "--json", toys.path("mmd.json")});
  REQUIRE(aligned.status == 0);
  CHECK_THAT(aligned.out, Catch::Contains("against"));
  CHECK(read_json(toys.path("mmd.json")).at("paired_test").at("n") == 3);
  const CommandOutcome other =
      sweep({"--runs", "3", "--align", "ct", "--continue", "--json", plain});
  CHECK(other.status == 2);  // the file is that of other options
  CHECK_THAT(other.err, Catch::Contains("config.align"));
}

TEST_CASE("text: what is wrong is said and nothing is written", "[e2e][text]") {
  const Toys toys;
  struct Wrong {
    Arguments arguments;
    const char* said;
  };
  toys.folder.write("bad/config.json", "{\"model_type\": \"gpt2\"}");
  toys.folder.write("three.tsv", "1\ta text\n0\ta\tb\tc\n");
  const std::string out = toys.path("out");
  const std::vector<Wrong> all{
      {{"train", "--task", "sst2"}, "--from-scratch"},
      {{"train", "--task", "sst2", "--model", toys.path("none")}, "none/config.json"},
      {{"train", "--task", "sst2", "--model", toys.path("bad")}, "model_type"},
      {{"train", "--task", "sst3", "--from-scratch"}, "sst2"},
      {{"train", "--task", "cola", "--from-scratch"}, "in_domain_train.tsv"},
      {{"train", "--task", "uci/imdb", "--from-scratch"}, "train"},
      {{"train", "--task", toys.path("three.tsv"), "--from-scratch"}, "three.tsv:2"},
      {{"train", "--task", "sst2", "--from-scratch", "--warmup", "2"}, "warmup"},
      {{"train", "--task", "sst2", "--from-scratch", "--dropout", "1.5"}, "dropout"},
      {{"train", "--task", "sst2", "--from-scratch", "--batch-size", "0"}, "batch_size"},
      {{"train", "--task", "sst2", "--from-scratch", "--accumulate", "-1"}, "accumulate"},
      {{"train", "--task", "sst2", "--from-scratch", "--holdout", "x"}, "holdout"},
      {{"train", "--task", "sst2", "--from-scratch", "--align", "ct", "--align-support", "edges"},
       "edges"},
      {{"train", "--task", "sst2", "--from-scratch", "--resume", toys.path("none")},
       "training.json"},
      {{"pretrain"}, "--out"},
      {{"pretrain", "--task", "sst3", "--out", out}, "sst2"},
      {{"pretrain", "--text", toys.path("none.txt"), "--out", out}, "none.txt"},
      {{"pretrain", "--mask-rate", "1", "--out", out}, "share"},
      {{"evaluate", "--checkpoint", toys.path("none")}, "attune_task.json"},
      {{"sweep", "--task", "sst2", "--from-scratch", "--continue"}, "--json"},
      {{"sweep", "--task", "sst2", "--from-scratch", "--against", toys.path("none.json")},
       "none.json"},
  };
  for (const Wrong& wrong : all) {
    const CommandOutcome outcome = toys.text(wrong.arguments);
    CAPTURE(wrong.said, outcome.err);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::StartsWith("attune: ") && Catch::Contains(wrong.said));
  }
  CHECK_FALSE(std::filesystem::exists(out));
}

TEST_CASE("text: a model is not asked what it does not know", "[e2e][text]") {
  const Toys toys;
  const std::string run = toys.path("run");
  REQUIRE(toys.text({"train", "--task", "sick", "--from-scratch", "--epochs", "1", "--out", run})
              .status == 0);
  const auto fails = [&](Arguments arguments, const char* said) {
    const CommandOutcome outcome = toys.text(std::move(arguments));
    CAPTURE(said, outcome.err);
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, Catch::Contains(said));
  };
  fails({"evaluate", "--checkpoint", run, "--task", "sst2"}, "two texts");
  fails({"evaluate", "--checkpoint", run, "--task", "stsb"}, "score");
  fails({"evaluate", "--checkpoint", run, "--task", "rte"}, "neutral stands for none");
  fails({"evaluate", "--checkpoint", run, "--task", "rte", "--label-map", "neutral"}, "label map");
  fails({"evaluate", "--checkpoint", run, "--part", "nine"}, "nine");
  CHECK(toys.text({"evaluate", "--checkpoint", run, "--task", "rte", "--label-map",
                   "neutral=not_entailment,contradiction=not_entailment"})
            .status == 0);
  const std::string one = toys.folder.write("one.txt", "one text\n");
  const std::string empty = toys.folder.write("empty.txt", "a\tb\n\tb\n");
  const std::string broken = toys.folder.write("broken.jsonl", "{\"text\": \"a\"}\n");
  const std::string output = toys.path("output.tsv");
  fails({"predict", "--checkpoint", run, "--input", one, "--output", output}, "one.txt:1");
  fails({"predict", "--checkpoint", run, "--input", empty, "--output", output}, "empty.txt:2");
  fails({"predict", "--checkpoint", run, "--input", broken, "--output", output}, "text_pair");
  fails({"predict", "--checkpoint", run, "--input", one, "--output", toys.path("o.csv")}, ".jsonl");
  CHECK_FALSE(std::filesystem::exists(output));
}

}  // namespace
}  // namespace attune::testing
