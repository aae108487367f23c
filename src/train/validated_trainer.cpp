#include <span>
#include <utility>

#include "train/step_progress.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/validated_trainer.hpp>

namespace attune::train {

using core::text;

namespace {

StepPlanOptions plan_options(const StepFitOptions& options) {
  return {.epochs = options.epochs,
          .steps = options.steps,
          .batch_size = options.batch_size,
          .accumulate = options.accumulate,
          .seed = options.seed};
}

StepOptions step_options(const StepFitOptions& options, std::int64_t total) {
  if (options.eval_every < 0 || options.patience < 0) {
    throw InvalidArgument(text("ValidatedTrainer: eval_every and patience must be at least 0, got ",
                               options.eval_every, " and ", options.patience));
  }
  if (options.keep_last && options.patience > 0) {
    throw InvalidArgument(
        text("ValidatedTrainer: patience waits for a best validation, which keep_last "
             "does not look for; got ",
             options.patience));
  }
  return {.total_steps = total,
          .warmup_steps = warmup_steps(options.warmup, total),
          .learning_rate = options.learning_rate,
          .weight_decay = options.weight_decay,
          .max_gradient_norm = options.max_gradient_norm,
          .seed = options.seed};
}

}  // namespace

ValidatedTrainer::ValidatedTrainer(StepTask task, const StepFitOptions& options,
                                   Regularizer* regularizer)
    : task_(std::move(task)),
      options_(options),
      plan_(task_.lengths, plan_options(options)),
      trainer_(task_.parameters, step_options(options, plan_.total_steps()), regularizer),
      best_(task_.parameters) {
  trainer_.prepare(losses(plan_.batches(1)).front());
}

bool ValidatedTrainer::finished() const noexcept {
  return steps() >= total_steps() || (options_.patience > 0 && waited_ >= options_.patience);
}

std::vector<StepTrainer::BatchLoss> ValidatedTrainer::losses(
    const StepPlan::Batches& batches) const {
  std::vector<StepTrainer::BatchLoss> all;
  for (const std::vector<std::int64_t>& items : batches) {
    all.push_back([this, items](nn::ForwardContext& ctx) { return task_.loss(items, ctx); });
  }
  return all;
}

bool ValidatedTrainer::validation_due() const noexcept {
  const std::int64_t every = options_.eval_every > 0 ? options_.eval_every : steps_per_epoch();
  return steps() % every == 0 || steps() == total_steps();
}

void ValidatedTrainer::record(const Measures& measures) {
  const auto count = static_cast<double>(summed_);
  StepRecord point{{"step", static_cast<double>(steps())},
                   {"train_loss", loss_sum_ / count},
                   {"alignment", regularizer_sum_ / count}};
  point.insert(measures.begin(), measures.end());
  curve_.push_back(std::move(point));
  const auto score = measures.find(task_.metric);
  ++waited_;
  if (options_.keep_last || score == measures.end() || best_step_ == 0 ||
      score->second > best_score_) {
    best_step_ = steps();
    best_score_ = score == measures.end() ? 0 : score->second;
    best_regularizer_ = regularizer_sum_ / count;
    waited_ = 0;
    best_.take();
  }
  loss_sum_ = 0;
  regularizer_sum_ = 0;
  summed_ = 0;
}

FitStep ValidatedTrainer::step() {
  if (finished()) {
    throw InvalidArgument("ValidatedTrainer::step: training is finished");
  }
  const Stopwatch watch;
  const std::vector<StepTrainer::BatchLoss> batches = losses(plan_.batches(steps() + 1));
  FitStep done{.report = trainer_.step(batches)};
  done.seconds = watch.seconds();
  loss_sum_ += done.report.loss;
  regularizer_sum_ += done.report.regularizer;
  ++summed_;
  if (validation_due()) {
    done.validation = task_.validate ? task_.validate() : Measures{};
    record(*done.validation);
  }
  seconds_ += watch.seconds();
  return done;
}

void ValidatedTrainer::restore_best() {
  if (best_step_ > 0) {
    best_.restore();
  }
}

StepCheckpoint ValidatedTrainer::checkpoint(const Settings& settings) const {
  return {.settings = settings,
          .state = trainer_.state(),
          .best = best_.tensors(),
          .progress = {{"best_step", best_step_},
                       {"best_score", best_score_},
                       {"best_regularizer", best_regularizer_},
                       {"waited", waited_},
                       {"loss_sum", loss_sum_},
                       {"regularizer_sum", regularizer_sum_},
                       {"summed", summed_},
                       {"seconds", seconds_}},
          .curve = curve_,
          .finished = finished()};
}

void ValidatedTrainer::load(const StepCheckpoint& checkpoint) {
  const auto best_step = progress<std::int64_t>(checkpoint, "best_step");
  const auto best_score = progress<double>(checkpoint, "best_score");
  const auto best_regularizer = progress<double>(checkpoint, "best_regularizer");
  const auto waited = progress<std::int64_t>(checkpoint, "waited");
  const auto loss_sum = progress<double>(checkpoint, "loss_sum");
  const auto regularizer_sum = progress<double>(checkpoint, "regularizer_sum");
  const auto summed = progress<std::int64_t>(checkpoint, "summed");
  const auto seconds = progress<double>(checkpoint, "seconds");
  best_.require_matching(checkpoint.best);
  trainer_.load_state(checkpoint.state);
  best_.load(checkpoint.best);
  curve_ = checkpoint.curve;
  best_step_ = best_step;
  best_score_ = best_score;
  best_regularizer_ = best_regularizer;
  waited_ = waited;
  loss_sum_ = loss_sum;
  regularizer_sum_ = regularizer_sum;
  summed_ = summed;
  seconds_ = seconds;
}

}  // namespace attune::train
