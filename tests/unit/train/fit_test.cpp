#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "toy_task.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/train/fit.hpp>

using attune::InvalidArgument;
using attune::Variable;
using attune::core::Tensor;
using attune::testing::ToyData;
using attune::testing::ToyModel;
using attune::train::EpochReport;
using attune::train::fit;
using attune::train::FitOptions;
using attune::train::FitResult;
using attune::train::NamedTensor;
using attune::train::Regularizer;
using attune::train::Trainer;
using attune::train::TrainerState;
using Catch::Matchers::Contains;

namespace {

const FitOptions kOptions{
    .epochs = 60, .patience = 20, .learning_rate = 0.05, .weight_decay = 1e-3, .seed = 5};

// A deep copy: the handles of a state share their elements with the Trainer.
TrainerState clone(TrainerState state) {
  for (std::vector<NamedTensor>* tensors : {&state.parameters, &state.best_parameters}) {
    for (NamedTensor& named : *tensors) {
      named.tensor = named.tensor.clone();
    }
  }
  for (auto& parameter : state.optimizer) {
    parameter.first_moment = parameter.first_moment.clone();
    parameter.second_moment = parameter.second_moment.clone();
  }
  return state;
}

void require_same_result(const FitResult& a, const FitResult& b) {
  CHECK(a.weights_sha256 == b.weights_sha256);
  CHECK(a.epochs == b.epochs);
  CHECK(a.best_epoch == b.best_epoch);
  CHECK(a.regularizer == b.regularizer);
  CHECK(a.test->nll == b.test->nll);
  CHECK(a.validation->nll == b.validation->nll);
}

// Pulls every parameter of the model towards one number, which it learns as well.
class TowardsCommonValue final : public Regularizer {
 public:
  TowardsCommonValue(const ToyModel& model, double weight)
      : weight_(weight), parameters_(model.parameters()) {}

  void initialize(std::uint64_t /*seed*/) override {
    target_ = Variable(Tensor::full({3}, 1), true);
  }
  std::vector<attune::nn::NamedParameter> parameters() override { return {{"target", target_}}; }
  void begin_step(std::uint64_t /*seed*/, std::uint32_t step) override { last_step = step; }
  Variable loss() override {
    const Variable difference = attune::ops::sub(parameters_[1].variable, target_);
    const Variable sum = attune::ops::sum(attune::ops::mul(difference, difference));
    value_ = sum.value().item();
    return attune::ops::scale(sum, weight_);
  }
  [[nodiscard]] double value() const noexcept override { return value_; }

  std::uint32_t last_step = 0;
  [[nodiscard]] double target() const { return target_.value().data<float>()[0]; }

 private:
  double weight_;
  std::vector<attune::nn::NamedParameter> parameters_;
  Variable target_;
  double value_ = 0;
};

}  // namespace

TEST_CASE("fit: learns the toy task", "[train][fit]") {
  const ToyData data;
  const ToyModel model(1);
  Trainer trainer(model.parameters(), data.task(model), kOptions);
  std::vector<EpochReport> reports;
  const FitResult result =
      fit(trainer, {.observer = [&](const EpochReport& r) { reports.push_back(r); }});
  CHECK(result.test->accuracy > 0.6);
  CHECK(result.train->accuracy > 0.8);
  CHECK_FALSE(result.interrupted);
  REQUIRE(static_cast<std::int64_t>(reports.size()) == result.epochs);
  CHECK(reports.back().train_loss < 0.8 * reports.front().train_loss);
  CHECK(reports.front().epoch == 1);
  CHECK(result.seconds > 0);
  CHECK(result.ms_per_epoch > 0);
}

TEST_CASE("fit: the model ends with the parameters of the best epoch", "[train][fit]") {
  const ToyData data;
  const ToyModel model(1);
  FitOptions options = kOptions;
  options.epochs = 400;
  Trainer trainer(model.parameters(), data.task(model), options);
  std::vector<EpochReport> reports;
  const FitResult result =
      fit(trainer, {.observer = [&](const EpochReport& r) { reports.push_back(r); }});
  REQUIRE(result.epochs < 400);  // stopped early, so that the last epoch is not the best
  REQUIRE(result.best_epoch < result.epochs);
  const EpochReport& best = reports[static_cast<std::size_t>(result.best_epoch - 1)];
  CHECK(result.validation->nll == best.validation->loss);
  CHECK(result.validation->accuracy == best.validation->accuracy);
  CHECK(reports.back().best_epoch == result.best_epoch);
  CHECK(trainer.finished());
}

TEST_CASE("fit: runs of one seed agree to the bit on 1, 2 and 8 threads",
          "[train][fit][property]") {
  const ToyData data(4000, 64);
  const auto run = [&](int threads, std::uint64_t seed) {
    FitResult result;
    attune::core::with_threads(threads, [&] {
      const ToyModel model(1, 64);
      FitOptions options = kOptions;
      options.epochs = 8;
      options.seed = seed;
      Trainer trainer(model.parameters(), data.task(model), options);
      result = fit(trainer);
    });
    return result;
  };
  const FitResult one = run(1, 5);
  require_same_result(run(2, 5), one);
  require_same_result(run(8, 5), one);
  CHECK(run(2, 6).weights_sha256 != one.weights_sha256);
}

TEST_CASE("fit: continued from any epoch it ends as if never stopped", "[train][fit]") {
  const ToyData data;
  const ToyModel whole(1);
  TowardsCommonValue whole_regularizer(whole, 0.1);
  Trainer trainer(whole.parameters(), data.task(whole), kOptions, {&whole_regularizer});
  std::vector<TrainerState> states;
  const FitResult expected =
      fit(trainer,
          {.save = [&](const Trainer& t) { states.push_back(clone(t.state())); }, .save_every = 7});
  REQUIRE(states.size() >= 3);
  for (const TrainerState& state : states) {
    CAPTURE(state.epoch);
    const ToyModel model(99);  // other initial parameters
    TowardsCommonValue regularizer(model, 0.1);
    Trainer continued(model.parameters(), data.task(model), kOptions, {&regularizer});
    continued.load_state(state);
    CHECK(continued.epoch() == state.epoch);
    require_same_result(fit(continued), expected);
  }
}

TEST_CASE("fit: a run stopped from outside says so and can be continued", "[train][fit]") {
  const ToyData data;
  const ToyModel whole(1);
  Trainer trainer(whole.parameters(), data.task(whole), kOptions);
  const FitResult expected = fit(trainer);

  const ToyModel model(1);
  Trainer first(model.parameters(), data.task(model), kOptions);
  std::atomic<bool> stop{false};
  TrainerState saved;
  const FitResult stopped =
      fit(first, {.observer = [&](const EpochReport& r) { stop = r.epoch == 4; },
                  .stop = &stop,
                  .save = [&](const Trainer& t) { saved = clone(t.state()); }});
  CHECK(stopped.interrupted);
  CHECK(stopped.epochs == 4);
  CHECK(saved.epoch == 4);

  Trainer second(model.parameters(), data.task(model), kOptions);
  second.load_state(saved);
  require_same_result(fit(second), expected);
}

TEST_CASE("fit: more epochs may be asked for when continuing", "[train][fit]") {
  const ToyData data;
  FitOptions few = kOptions;
  few.epochs = 10;
  const ToyModel whole(1);
  Trainer trainer(whole.parameters(), data.task(whole), kOptions);
  const FitResult expected = fit(trainer);
  const ToyModel model(1);
  Trainer first(model.parameters(), data.task(model), few);
  TrainerState saved;
  (void)fit(first, {.save = [&](const Trainer& t) { saved = clone(t.state()); }});
  Trainer second(model.parameters(), data.task(model), kOptions);
  second.load_state(saved);
  require_same_result(fit(second), expected);
}

TEST_CASE("fit: a finished run that is loaded only measures", "[train][fit]") {
  const ToyData data;
  const ToyModel model(1);
  Trainer trainer(model.parameters(), data.task(model), kOptions);
  TrainerState saved;
  const FitResult expected =
      fit(trainer, {.save = [&](const Trainer& t) { saved = clone(t.state()); }});
  const ToyModel other(2);
  Trainer again(other.parameters(), data.task(other), kOptions);
  again.load_state(saved);
  CHECK(again.finished());
  int epochs = 0;
  require_same_result(fit(again, {.observer = [&](const EpochReport&) { ++epochs; }}), expected);
  CHECK(epochs == 0);
}

TEST_CASE("fit: names what is wrong with a saved run and stays as it was", "[train][fit]") {
  const ToyData data;
  const ToyModel model(1);
  Trainer trainer(model.parameters(), data.task(model), kOptions);
  for (int epoch = 0; epoch < 3; ++epoch) {
    trainer.run_epoch();
  }
  const TrainerState good = clone(trainer.state());
  const auto expect = [&](auto&& change, const std::string& reason) {
    TrainerState bad = clone(good);
    change(bad);
    CHECK_THROWS_WITH(trainer.load_state(bad), Contains(reason));
  };
  expect([](TrainerState& s) { s.options.seed = 6; }, "seed was 6 in the saved run, got 5");
  expect([](TrainerState& s) { s.options.learning_rate = 0.1; }, "learning_rate was 0.1");
  expect([](TrainerState& s) { s.options.weight_decay = 0; }, "weight_decay");
  expect([](TrainerState& s) { s.options.patience = 3; }, "patience");
  expect([](TrainerState& s) { s.options.max_gradient_norm = 3; }, "max_gradient_norm");
  expect([](TrainerState& s) { s.epoch = 61; }, "has done 61 epochs, expected 1 to 60");
  expect([](TrainerState& s) { s.epoch = 0; }, "has done 0 epochs");
  expect([](TrainerState& s) { s.early_stopping.best_epoch = 4; }, "best 4");
  expect([](TrainerState& s) { s.early_stopping.waited = -1; }, "waited -1");
  expect([](TrainerState& s) { s.seconds = std::nan(""); }, "time");
  expect([](TrainerState& s) { s.curves.pop_back(); }, "3 epochs, curves of 2");
  expect([](TrainerState& s) { s.parameters.pop_back(); }, "bias is missing");
  expect([](TrainerState& s) { s.parameters[0].name = std::string("w9"); }, "w9 is no parameter");
  expect([](TrainerState& s) { s.parameters[1] = s.parameters[0]; }, "weight comes twice");
  expect([](TrainerState& s) { s.best_parameters[0].tensor = Tensor::zeros({2}); },
         "weight must be float32 [8, 3], got float32 [2]");
  expect([](TrainerState& s) { s.best_parameters.clear(); }, "weight is missing");
  expect([](TrainerState& s) { s.optimizer.pop_back(); }, "lacks bias");

  // Still the run it was.
  const ToyModel untouched(1);
  Trainer reference(untouched.parameters(), data.task(untouched), kOptions);
  require_same_result(fit(trainer), fit(reference));
}

TEST_CASE("fit: without validation rows the last epoch counts", "[train][fit]") {
  const ToyData data;
  const ToyModel model(1);
  attune::train::ClassificationTask task = data.task(model);
  task.validation = {};
  task.test = {};
  Trainer trainer(model.parameters(), task, kOptions);
  const FitResult result = fit(trainer);
  CHECK(result.epochs == kOptions.epochs);
  CHECK(result.best_epoch == kOptions.epochs);
  CHECK_FALSE(result.validation.has_value());
  CHECK_FALSE(result.test.has_value());
  CHECK_FALSE(trainer.state().curves.back().validation);
  CHECK(result.train->accuracy > 0.8);
}

TEST_CASE("fit: a regulariser is added, learns with the model and is not part of it",
          "[train][fit]") {
  const ToyData data;
  const ToyModel model(1);
  TowardsCommonValue regularizer(model, 10);
  FitOptions options = kOptions;
  options.weight_decay = 0.5;  // of the model alone
  Trainer trainer(model.parameters(), data.task(model), options, {&regularizer});
  const double before = trainer.run_epoch().regularizer;
  CHECK(before == Approx(3.0));  // the bias starts at 0, the target at 1
  CHECK(regularizer.last_step == 1);
  const FitResult result = fit(trainer);
  CHECK(result.regularizer < 0.1 * before);
  CHECK(regularizer.target() < 0.9);
  CHECK(trainer.state().best_parameters.size() == 2);
  const std::vector<attune::train::CurvePoint> curves = trainer.state().curves;
  REQUIRE(static_cast<std::int64_t>(curves.size()) == result.epochs);
  CHECK(curves.front().alignment == before);
  CHECK(curves.at(static_cast<std::size_t>(result.best_epoch - 1)).alignment == result.regularizer);
  CHECK(trainer.state().parameters.back().name == "regularizers.0.target");
}

TEST_CASE("fit: a regulariser of weight 0 changes nothing", "[train][fit]") {
  const ToyData data;
  const ToyModel plain(1);
  Trainer without(plain.parameters(), data.task(plain), kOptions);
  const FitResult expected = fit(without);
  const ToyModel model(1);
  TowardsCommonValue regularizer(model, 0);
  Trainer with(model.parameters(), data.task(model), kOptions, {&regularizer});
  CHECK(fit(with).weights_sha256 == expected.weights_sha256);
}

TEST_CASE("fit: clipping bounds the step of the gradients", "[train][fit]") {
  const ToyData data;
  const ToyModel model(1);
  FitOptions options = kOptions;
  options.max_gradient_norm = 1e-3;
  Trainer trainer(model.parameters(), data.task(model), options);
  trainer.run_epoch();
  double squares = 0;
  for (const auto& parameter : model.parameters()) {
    for (const float g : parameter.variable.grad().data<float>()) {
      squares += g * g;
    }
  }
  CHECK(std::sqrt(squares) == Approx(1e-3).epsilon(1e-4));
}

TEST_CASE("fit: a loss that is not finite ends the run with its epoch", "[train][fit]") {
  const ToyData data;
  const ToyModel model(1);
  FitOptions options = kOptions;
  options.learning_rate = 1e38;
  Trainer trainer(model.parameters(), data.task(model), options);
  CHECK_THROWS_WITH(fit(trainer), Contains("not finite"));
}

TEST_CASE("fit: rejects options out of range", "[train][fit]") {
  const ToyData data;
  const ToyModel model(1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const FitOptions& options : std::vector<FitOptions>{{.epochs = 0},
                                                           {.epochs = std::int64_t{1} << 31},
                                                           {.patience = -1},
                                                           {.learning_rate = nan},
                                                           {.weight_decay = -1},
                                                           {.max_gradient_norm = nan}}) {
    CHECK_THROWS_AS(Trainer(model.parameters(), data.task(model), options), InvalidArgument);
  }
  attune::train::ClassificationTask task = data.task(model);
  task.train = {};
  CHECK_THROWS_AS(Trainer(model.parameters(), task, kOptions), InvalidArgument);
  task = data.task(model);
  task.logits = nullptr;
  CHECK_THROWS_AS(Trainer(model.parameters(), task, kOptions), InvalidArgument);
  Trainer trainer(model.parameters(), data.task(model), kOptions);
  CHECK_THROWS_AS(fit(trainer, {.save_every = -1}), InvalidArgument);
}
