#include <csignal>
#include <cstdint>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/resource.h>

#include "support/temporary_folder.hpp"
#include "toy_run.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/safetensors.hpp>

using attune::FileError;
using attune::testing::kToyDescription;
using attune::testing::kToyOptions;
using attune::testing::slurp;
using attune::testing::TemporaryFolder;
using attune::testing::toy_run;
using attune::testing::ToyData;
using attune::testing::ToyModel;
using attune::train::Checkpoint;
using attune::train::CheckpointDescription;
using attune::train::fit;
using attune::train::FitResult;
using attune::train::load_checkpoint;
using attune::train::resume;
using attune::train::save_checkpoint;
using attune::train::Setting;
using attune::train::Trainer;
using Catch::Matchers::Contains;

namespace {

// A run of some epochs with its checkpoint in `folder`.
void save_after(const std::string& folder, int epochs) {
  const ToyData data;
  const ToyModel model(1);
  Trainer trainer(model.parameters(), data.task(model), kToyOptions);
  for (int epoch = 0; epoch < epochs; ++epoch) {
    trainer.run_epoch();
  }
  save_checkpoint(folder, kToyDescription, trainer);
}

FitResult uninterrupted() {
  const ToyData data;
  const ToyModel model(1);
  Trainer trainer(model.parameters(), data.task(model), kToyOptions);
  return fit(trainer);
}

void require_same_result(const FitResult& a, const FitResult& b) {
  CHECK(a.weights_sha256 == b.weights_sha256);
  CHECK(a.epochs == b.epochs);
  CHECK(a.best_epoch == b.best_epoch);
  CHECK(a.test->nll == b.test->nll);
}

void overwrite(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

std::string replaced(std::string content, const std::string& from, const std::string& to) {
  const std::size_t at = content.find(from);
  REQUIRE(at != std::string::npos);
  return content.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("checkpoint: holds everything, in four files", "[train][checkpoint]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("deep/run");
  CHECK_FALSE(attune::train::has_checkpoint(path));
  save_after(path, 7);
  CHECK(attune::train::has_checkpoint(path));
  const std::vector<std::string> files = folder.files();
  REQUIRE(files.size() == 4);
  CHECK(files[0] == "deep/run/checkpoint.json");
  CHECK_THAT(files[1], Contains("deep/run/curves-"));
  CHECK_THAT(files[2], Contains("deep/run/model-"));
  CHECK_THAT(files[3], Contains("deep/run/state-"));

  const Checkpoint checkpoint = load_checkpoint(path);
  CHECK(checkpoint.state.epoch == 7);
  CHECK(checkpoint.state.options.seed == 5);
  CHECK(checkpoint.state.options.learning_rate == 0.05);
  CHECK(checkpoint.description.model == kToyDescription.model);
  CHECK(checkpoint.description.dataset == kToyDescription.dataset);
  CHECK(checkpoint.description.run == kToyDescription.run);
  CHECK(checkpoint.state.optimizer.size() == 2);
  CHECK(checkpoint.state.optimizer[0].step == 7);
  CHECK(checkpoint.state.curves.size() == 7);
  CHECK_FALSE(checkpoint.finished);
}

TEST_CASE("checkpoint: continued in another process it ends as if never stopped",
          "[train][checkpoint]") {
  const TemporaryFolder folder;
  const FitResult expected = uninterrupted();
  for (const int epochs : {1, 13, 25}) {
    CAPTURE(epochs);
    save_after(folder.path("run"), epochs);
    const ToyData data;
    const ToyModel model(77);
    Trainer trainer(model.parameters(), data.task(model), kToyOptions);
    resume(trainer, load_checkpoint(folder.path("run")), kToyDescription);
    require_same_result(fit(trainer), expected);
  }
}

TEST_CASE("checkpoint: the curves are those of a run that was never stopped",
          "[train][checkpoint][curves]") {
  const TemporaryFolder folder;
  (void)toy_run(folder.path("whole"));
  save_after(folder.path("run"), 11);
  (void)toy_run(folder.path("run"));
  const std::vector<std::string> files = folder.files();
  REQUIRE(files.size() == 8);
  CHECK_THAT(files[1], Contains("run/curves-"));
  CHECK(slurp(folder.path(files[1])) == slurp(folder.path(files[5])));
  const Checkpoint checkpoint = load_checkpoint(folder.path("run"));
  const std::vector<attune::train::CurvePoint>& curves = checkpoint.state.curves;
  REQUIRE(static_cast<std::int64_t>(curves.size()) == checkpoint.state.epoch);
  const auto& best =
      curves.at(static_cast<std::size_t>(checkpoint.state.early_stopping.best_epoch - 1));
  CHECK(best.validation == checkpoint.state.early_stopping.best);
  CHECK_FALSE(best.alignment);  // nothing was aligned
}

TEST_CASE("checkpoint: curves of another number of epochs are refused", "[train][checkpoint]") {
  const TemporaryFolder folder;
  save_after(folder.path("short"), 3);
  save_after(folder.path("long"), 5);
  const std::vector<std::string> files = folder.files();
  const std::string small = slurp(folder.path("short/checkpoint.json"));
  const std::string large = slurp(folder.path("long/checkpoint.json"));
  const auto block = [](const std::string& index) {
    const std::size_t begin = index.find("\"curves\": {");
    return index.substr(begin, index.find('}', begin) - begin);
  };
  std::ofstream(folder.path("short/") + files[1].substr(5), std::ios::binary)
      << slurp(folder.path(files[1]));
  overwrite(folder.path("short/checkpoint.json"), replaced(small, block(small), block(large)));
  CHECK_THROWS_WITH(load_checkpoint(folder.path("short")),
                    Contains("expected 3 epochs") && Contains("found 5"));
}

TEST_CASE("checkpoint: the model file is the weights whose digest is reported",
          "[train][checkpoint]") {
  const TemporaryFolder folder;
  const FitResult result = toy_run(folder.path());
  const Checkpoint checkpoint = load_checkpoint(folder.path());
  CHECK(checkpoint.finished);
  const std::string name = folder.files()[2];
  CHECK(attune::core::sha256(slurp(folder.path(name))) == result.weights_sha256);
  CHECK(attune::train::read_safetensors(folder.path(name)).tensors.contains("weight"));

  const ToyData data;
  const ToyModel model(3);
  attune::train::load_best_parameters(model, checkpoint);
  attune::nn::ForwardContext context;
  const auto metrics = attune::train::evaluate_predictions(model.forward(data.x, context).value(),
                                                           data.labels, data.test);
  CHECK(metrics.nll == result.test->nll);
}

TEST_CASE("checkpoint: one that was loaded is saved elsewhere byte for byte",
          "[train][checkpoint]") {
  const TemporaryFolder folder;
  save_after(folder.path("a"), 5);
  save_checkpoint(folder.path("b"), load_checkpoint(folder.path("a")));
  const std::vector<std::string> files = folder.files();
  REQUIRE(files.size() == 8);
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(files[i]);
    CHECK(files[i].substr(1) == files[i + 4].substr(1));
    CHECK(slurp(folder.path(files[i])) == slurp(folder.path(files[i + 4])));
  }
  CHECK_THROWS_WITH(save_checkpoint(folder.path("c"), Checkpoint()),
                    Contains("at least one epoch"));
}

TEST_CASE("checkpoint: equal runs leave equal files but for the time", "[train][checkpoint]") {
  const TemporaryFolder folder;
  save_after(folder.path("a"), 5);
  save_after(folder.path("b"), 5);
  const std::vector<std::string> files = folder.files();
  REQUIRE(files.size() == 8);
  for (const std::size_t i : {1U, 2U, 3U}) {
    CHECK(files[i].substr(1) == files[i + 4].substr(1));
    CHECK(slurp(folder.path(files[i])) == slurp(folder.path(files[i + 4])));
  }
}

TEST_CASE("checkpoint: files of the one before and of killed processes are removed",
          "[train][checkpoint]") {
  const TemporaryFolder folder;
  save_after(folder.path(), 3);
  folder.write("model-0000000000000000.safetensors.17-0.partial", "half");
  folder.write("checkpoint.json.17-1.partial", "half");
  folder.write("curves-0000000000000000.csv.17-2.partial", "half");
  folder.write("my-curves.csv", "mine");
  folder.write("notes.txt", "mine");
  folder.write("my-model.safetensors", "mine");
  save_after(folder.path(), 9);
  const std::vector<std::string> files = folder.files();
  REQUIRE(files.size() == 7);
  CHECK(files[3] == "my-curves.csv");
  CHECK(files[4] == "my-model.safetensors");
  CHECK(files[5] == "notes.txt");
  CHECK(load_checkpoint(folder.path()).state.epoch == 9);
}

TEST_CASE("checkpoint: when a file cannot be written the one before stays", "[train][checkpoint]") {
  const TemporaryFolder folder;
  save_after(folder.path(), 3);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  for (const rlim_t bytes : {0UL, 100UL, 300UL, 700UL, 1000UL}) {
    CAPTURE(bytes);
    const rlimit limit{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    CHECK_THROWS_AS(save_after(folder.path(), 9), FileError);
    ::setrlimit(RLIMIT_FSIZE, &before);
    CHECK(load_checkpoint(folder.path()).state.epoch == 3);
  }
  std::signal(SIGXFSZ, handler);
  save_after(folder.path(), 9);
  CHECK(folder.files().size() == 4);
}

TEST_CASE("checkpoint: another run is not continued", "[train][checkpoint]") {
  const TemporaryFolder folder;
  save_after(folder.path(), 3);
  const Checkpoint checkpoint = load_checkpoint(folder.path());
  const auto expect = [&](const std::function<void(CheckpointDescription&)>& change,
                          const std::string& reason) {
    CheckpointDescription now = kToyDescription;
    change(now);
    const ToyData data;
    const ToyModel model(1);
    Trainer trainer(model.parameters(), data.task(model), kToyOptions);
    CHECK_THROWS_WITH(resume(trainer, checkpoint, now),
                      Contains("checkpoint.json: ") && Contains(reason));
    CHECK_THROWS_AS(resume(trainer, checkpoint, now), FileError);
    CHECK(trainer.epoch() == 0);
  };
  expect([](auto& d) { d.model["channels"] = std::int64_t{16}; }, "model.channels was 8, got 16");
  expect([](auto& d) { d.model.erase("channels"); }, "model.channels was 8, got nothing");
  expect([](auto& d) { d.model["heads"] = 1.5; }, "model.heads was nothing, got 1.5");
  expect([](auto& d) { d.dataset["name"] = std::string("cora"); },
         "dataset.name was \"toy\", got \"cora\"");
  expect([](auto& d) { d.run["flag"] = false; }, "run.flag was true, got false");

  const ToyData wide(120, 9);
  const ToyModel model(1, 9);
  Trainer other(model.parameters(), wide.task(model), kToyOptions);
  CHECK_THROWS_WITH(resume(other, checkpoint, kToyDescription),
                    Contains("weight must be float32 [9, 3], got float32 [8, 3]"));
  CHECK_THROWS_AS(attune::train::load_best_parameters(model, checkpoint), FileError);
}

TEST_CASE("checkpoint: damaged files are named", "[train][checkpoint]") {
  const TemporaryFolder folder;
  save_after(folder.path(), 3);
  const std::string index = folder.path("checkpoint.json");
  const std::string good = slurp(index);
  const auto expect = [&](const std::string& content, const std::string& reason) {
    overwrite(index, content);
    CHECK_THROWS_WITH(load_checkpoint(folder.path()),
                      Contains("checkpoint.json") && Contains(reason));
    CHECK_THROWS_AS(load_checkpoint(folder.path()), FileError);
  };
  expect("", "not JSON");
  expect("[]", "expected an object, found []");
  expect("{}", "format is missing");
  expect(std::string(40, '{'), "not JSON");
  expect(replaced(good, "\"fit\": {", attune::core::text("\"fit\": {\"a\":", std::string(40, '['))),
         "levels");
  expect(replaced(good, "\"fit\"", "\"fat\""), "fit is missing");
  expect(replaced(good, "attune checkpoint", "other"), "found other");
  expect(replaced(good, "\"format_version\": 2", "\"format_version\": 1"), "found 1");
  expect(replaced(good, "\"epoch\": 3", "\"epoch\": \"3\""),
         "progress.epoch: expected a whole number below 2^63, found \"3\"");
  expect(replaced(good, "\"epoch\": 3", "\"epoch\": 3.5"), "found 3.5");
  expect(replaced(good, "\"epoch\": 3", "\"epoch\": 9223372036854775808"), "below 2^63");
  expect(replaced(good, "\"epoch\": 3", "\"epoch\": 3, \"epoch\": 4"), "epoch comes twice");
  expect(replaced(good, "\"seed\": 5", "\"seed\": -5"), "fit.seed");
  expect(replaced(good, "\"finished\": false", "\"finished\": 0"), "progress.finished");
  expect(replaced(good, "\"channels\": 8", "\"channels\": [8]"), "model.channels");
  expect(replaced(good, "\"name\": \"model-", "\"name\": \"../model-"), "files.model.name");
  expect(replaced(good, "\"seconds\": ", "\"seconds\": 1e999, \"x\": "), "not JSON");
  const std::size_t digest = good.find("sha256\": \"") + 10;
  std::string upper = good;
  upper[digest] = 'X';
  expect(upper, "64 hexadecimal digits");
  overwrite(index, good);
  CHECK(load_checkpoint(folder.path()).state.epoch == 3);

  for (const std::string& name : {folder.files()[1], folder.files()[2], folder.files()[3]}) {
    const std::string path = folder.path(name);
    std::string content = slurp(path);
    overwrite(path, content.substr(0, content.size() - 1));
    CHECK_THROWS_WITH(load_checkpoint(folder.path()), Contains(name) && Contains("bytes"));
    overwrite(path, content + "x");
    CHECK_THROWS_WITH(load_checkpoint(folder.path()), Contains(name) && Contains("bytes"));
    std::string flipped = content;
    flipped.back() = static_cast<char>(flipped.back() ^ 1);
    overwrite(path, flipped);
    CHECK_THROWS_WITH(load_checkpoint(folder.path()), Contains(name) && Contains("SHA-256"));
    overwrite(path, content);
  }
  CHECK_THROWS_WITH(load_checkpoint(folder.path("none")), Contains("No such file"));
}

TEST_CASE("checkpoint: an index cut or with a bit flipped is refused or well formed",
          "[train][checkpoint]") {
  const TemporaryFolder folder;
  save_after(folder.path(), 3);
  const std::string index = folder.path("checkpoint.json");
  const std::string good = slurp(index);
  for (std::size_t size = 0; size + 2 < good.size(); size += 7) {
    overwrite(index, good.substr(0, size));
    CHECK_THROWS_AS(load_checkpoint(folder.path()), FileError);
  }
  const ToyData data;
  for (std::size_t bit = 0; bit < 8 * good.size(); bit += 31) {
    std::string mutant = good;
    mutant[bit / 8] = static_cast<char>(mutant[bit / 8] ^ (1 << (bit % 8)));
    overwrite(index, mutant);
    const ToyModel model(1);
    Trainer trainer(model.parameters(), data.task(model), kToyOptions);
    try {
      resume(trainer, load_checkpoint(folder.path()), kToyDescription);
      REQUIRE(trainer.epoch() >= 1);
    } catch (const FileError&) {
      REQUIRE(trainer.epoch() == 0);
    }
  }
}

TEST_CASE("checkpoint: refuses what it could not read again", "[train][checkpoint]") {
  const TemporaryFolder folder;
  const ToyData data;
  const ToyModel model(1);
  Trainer trainer(model.parameters(), data.task(model), kToyOptions);
  CHECK_THROWS_WITH(save_checkpoint(folder.path(), kToyDescription, trainer),
                    Contains("at least one epoch"));
  trainer.run_epoch();
  CheckpointDescription description = kToyDescription;
  description.run["weight"] = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH(save_checkpoint(folder.path(), description, trainer),
                    Contains("weight is not finite"));
  description = kToyDescription;
  description.run["name"] = std::string("\xFF");
  CHECK_THROWS_AS(save_checkpoint(folder.path(), description, trainer), attune::InvalidArgument);
  CHECK(folder.files().empty());
  const std::string file = folder.write("file", "");
  CHECK_THROWS_WITH(save_checkpoint(file, kToyDescription, trainer), Contains(file));
}
