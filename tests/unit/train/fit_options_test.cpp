#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include "toy_run.hpp"
#include <attune/core/error.hpp>
#include <attune/optim/schedule.hpp>

using attune::InvalidArgument;
using attune::optim::Schedule;
using attune::optim::ScheduleKind;
using attune::optim::ScheduleOptions;
using attune::testing::kToyDescription;
using attune::testing::kToyOptions;
using attune::testing::message_of;
using attune::testing::slurp;
using attune::testing::TemporaryFolder;
using attune::testing::ToyData;
using attune::testing::ToyModel;
using attune::train::EpochReport;
using attune::train::fit;
using attune::train::FitOptions;
using attune::train::FitResult;
using attune::train::load_checkpoint;
using attune::train::resume;
using attune::train::save_checkpoint;
using attune::train::Trainer;
using Catch::Matchers::Contains;

namespace {

FitOptions with(double smoothing, const ScheduleOptions& schedule) {
  FitOptions options = kToyOptions;
  options.label_smoothing = smoothing;
  options.schedule = schedule;
  return options;
}

struct Run {
  FitResult result;
  std::vector<EpochReport> reports;
};

Run run(const FitOptions& options) {
  const ToyData data;
  const ToyModel model(1);
  Trainer trainer(model.parameters(), data.task(model), options);
  Run run;
  run.result = fit(trainer, {.observer = [&](const EpochReport& r) { run.reports.push_back(r); }});
  return run;
}

const std::vector<FitOptions> kAll = {
    with(0.2, {}),
    with(0, {.warmup = 5}),
    with(0, {.kind = ScheduleKind::linear, .warmup = 3, .total = 50}),
    with(0.1, {.kind = ScheduleKind::cosine, .minimum = 0.001}),
    with(0, {.kind = ScheduleKind::step, .step_size = 7, .gamma = 0.5}),
    with(0, {.kind = ScheduleKind::plateau, .gamma = 0.3, .patience = 1, .minimum = 1e-4}),
};

}  // namespace

TEST_CASE("fit: an epoch's learning rate is that of the schedule", "[train][fit]") {
  for (const FitOptions& options : kAll) {
    CAPTURE(to_string(options.schedule.kind));
    ScheduleOptions complete = options.schedule;
    complete.total = complete.total == 0 ? options.epochs : complete.total;
    Schedule schedule(options.learning_rate, complete);
    for (const EpochReport& report : run(options).reports) {
      CHECK(report.learning_rate == schedule.learning_rate(report.epoch));
      schedule.observe(report.validation->loss);
    }
  }
}

TEST_CASE("fit: a schedule moves the parameters as far as its rates", "[train][fit]") {
  // The first step of Adam has the length of the rate: half of it with a warm-up of two epochs.
  const auto first_step = [](const ScheduleOptions& schedule) {
    const ToyData data;
    const ToyModel model(1);
    FitOptions options = with(0, schedule);
    options.weight_decay = 0;
    Trainer trainer(model.parameters(), data.task(model), options);
    (void)trainer.run_epoch();
    return std::abs(model.parameters().back().variable.value().data<float>()[0]);
  };
  CHECK(first_step({}) == Approx(0.05).epsilon(1e-3));
  CHECK(first_step({.warmup = 2}) == Approx(0.025).epsilon(1e-3));
}

TEST_CASE("fit: smoothed labels keep the training loss above that of certainty", "[train][fit]") {
  const Run plain = run(with(0, {}));
  const Run smoothed = run(with(0.5, {}));
  CHECK(smoothed.reports.back().train_loss > plain.reports.back().train_loss);
  // The least loss that labels with 2/3, 1/6 and 1/6 leave is their entropy.
  CHECK(smoothed.reports.back().train_loss > 0.86);
  CHECK(smoothed.result.test->accuracy > 0.6);
}

TEST_CASE("checkpoint: smoothing and schedules go on to the bit", "[train][checkpoint]") {
  for (const FitOptions& options : kAll) {
    for (const int epochs : {1, 9, 23}) {
      CAPTURE(to_string(options.schedule.kind), options.label_smoothing, epochs);
      const FitResult expected = run(options).result;
      const TemporaryFolder folder;
      const ToyData data;
      const ToyModel model(1);
      Trainer first(model.parameters(), data.task(model), options);
      for (int epoch = 0; epoch < epochs; ++epoch) {
        (void)first.run_epoch();
      }
      save_checkpoint(folder.path("run"), kToyDescription, first);
      const ToyModel other(5);
      Trainer second(other.parameters(), data.task(other), options);
      resume(second, load_checkpoint(folder.path("run")), kToyDescription);
      const FitResult found = fit(second);
      CHECK(found.weights_sha256 == expected.weights_sha256);
      CHECK(found.epochs == expected.epochs);
    }
  }
}

TEST_CASE("checkpoint: a run without smoothing and schedule says nothing of them",
          "[train][checkpoint]") {
  const TemporaryFolder folder;
  const ToyData data;
  const ToyModel model(1);
  Trainer trainer(model.parameters(), data.task(model), kToyOptions);
  (void)trainer.run_epoch();
  save_checkpoint(folder.path("run"), kToyDescription, trainer);
  const std::string json = slurp(folder.path("run/checkpoint.json"));
  CHECK_THAT(json, !Contains("label_smoothing") && !Contains("schedule"));
}

TEST_CASE("checkpoint: another smoothing or schedule is refused by name", "[train][checkpoint]") {
  const TemporaryFolder folder;
  const ToyData data;
  const ToyModel model(1);
  const FitOptions saved = with(0.1, {.kind = ScheduleKind::cosine, .warmup = 3});
  Trainer trainer(model.parameters(), data.task(model), saved);
  (void)trainer.run_epoch();
  save_checkpoint(folder.path("run"), kToyDescription, trainer);
  const auto message = [&](auto&& change) {
    FitOptions options = saved;
    change(options);
    Trainer other(model.parameters(), data.task(model), options);
    return message_of<attune::FileError>(
        [&] { resume(other, load_checkpoint(folder.path("run")), kToyDescription); });
  };
  CHECK_THAT(message([](FitOptions& o) { o.label_smoothing = 0; }),
             Contains("label_smoothing was 0.1 in the saved run, got 0"));
  CHECK_THAT(message([](FitOptions& o) { o.schedule.kind = ScheduleKind::linear; }),
             Contains("schedule was cosine in the saved run, got linear"));
  CHECK_THAT(message([](FitOptions& o) { o.schedule.warmup = 4; }), Contains("schedule.warmup"));
  // The cosine ends with the epochs, unless told otherwise: more of them are another schedule.
  CHECK_THAT(message([](FitOptions& o) { o.epochs = 80; }),
             Contains("schedule.total was 60 in the saved run, got 80"));
  FitOptions longer = saved;
  longer.epochs = 80;
  longer.schedule.total = 60;
  Trainer other(model.parameters(), data.task(model), longer);
  resume(other, load_checkpoint(folder.path("run")), kToyDescription);
  CHECK(other.epoch() == 1);
}

TEST_CASE("checkpoint: a schedule that is none names the file", "[train][checkpoint]") {
  const TemporaryFolder folder;
  const ToyData data;
  const ToyModel model(1);
  Trainer trainer(model.parameters(), data.task(model), with(0, {.kind = ScheduleKind::cosine}));
  (void)trainer.run_epoch();
  save_checkpoint(folder.path("run"), kToyDescription, trainer);
  std::string json = slurp(folder.path("run/checkpoint.json"));
  json.replace(json.find("\"cosine\""), 8, "\"sine\"");
  folder.write("run/checkpoint.json", json);
  CHECK_THAT(message_of<attune::FileError>([&] { (void)load_checkpoint(folder.path("run")); }),
             Contains("checkpoint.json") && Contains("fit.schedule") && Contains("got \"sine\""));
}

TEST_CASE("fit: says which smoothing and schedules make no sense", "[train][fit]") {
  const auto message = [](const FitOptions& options) {
    return message_of<InvalidArgument>([&] { (void)run(options); });
  };
  CHECK(message(with(1, {})) == "fit: label_smoothing must be in [0, 1), got 1");
  CHECK(message(with(0, {.kind = ScheduleKind::cosine, .warmup = 61})) ==
        "Schedule: warmup must be 0 to 60, got 61");
  const ToyData data;
  const ToyModel model(1);
  attune::train::ClassificationTask task = data.task(model);
  task.validation = {};
  CHECK(message_of<InvalidArgument>([&] {
          const Trainer trainer(model.parameters(), task, with(0, {.kind = ScheduleKind::plateau}));
        }) == "fit: a plateau schedule looks at validation rows, got none");
}
