#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "train/objective.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/optim/clip.hpp>
#include <attune/train/safetensors.hpp>
#include <attune/train/trainer.hpp>

namespace attune::train {

using core::Tensor;
using core::text;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::int64_t kMostEpochs = (std::int64_t{1} << 31) - 1;  // the step of a random stream
constexpr std::int64_t kMostSteps = (std::int64_t{1} << 32) - 1;
constexpr std::int64_t kMostTimedEpochs = 1 << 16;  // the median is over the first

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

FitOptions checked(const FitOptions& options) {
  if (options.epochs < 1 || options.epochs > kMostEpochs) {
    throw InvalidArgument(
        text("fit: epochs must be in [1, ", kMostEpochs, "], got ", options.epochs));
  }
  if (!(options.max_gradient_norm >= 0) || !std::isfinite(options.max_gradient_norm)) {
    throw InvalidArgument(text("fit: max_gradient_norm must be finite and at least 0, got ",
                               options.max_gradient_norm));
  }
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1)) {
    throw InvalidArgument(
        text("fit: label_smoothing must be in [0, 1), got ", options.label_smoothing));
  }
  FitOptions complete = options;
  const bool ends = options.schedule.kind == optim::ScheduleKind::linear ||
                    options.schedule.kind == optim::ScheduleKind::cosine;
  if (ends && options.schedule.total == 0) {
    complete.schedule.total = options.epochs;
  }
  return complete;
}

ClassificationTask checked(ClassificationTask task) {
  if (!task.logits) {
    throw InvalidArgument("fit: expected a function that computes logits, got none");
  }
  if (task.train.empty()) {
    throw InvalidArgument("fit: expected at least one row to train on, got none");
  }
  if (task.batches && (task.batches->count < 1 || !task.batches->pass)) {
    throw InvalidArgument(
        text("fit: expected at least one batch and a function that makes it, got ",
             task.batches->count, task.batches->pass ? "" : " and no function"));
  }
  return task;
}

// Random streams are told apart by the step.
void require_few_steps(std::int64_t epochs, std::int64_t steps_per_epoch) {
  if (steps_per_epoch > kMostSteps / epochs) {
    throw InvalidArgument(text("fit: expected at most ", kMostSteps, " steps in all, got ", epochs,
                               " epochs of ", steps_per_epoch));
  }
}

std::vector<nn::NamedParameter> together(std::vector<nn::NamedParameter> first,
                                         const std::vector<nn::NamedParameter>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

RowsPass all_rows(const ClassificationTask& task) {
  return {task.logits, task.labels, task.train, task.targets};
}

RowsPass validation_pass(const ClassificationTask& task) {
  return task.validation_pass.value_or(
      RowsPass{task.logits, task.labels, task.validation, task.targets});
}

double median(std::vector<double> values) {
  if (values.empty()) {
    return 0;
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::string digest(const std::vector<NamedTensor>& tensors) {
  Safetensors content;
  for (const NamedTensor& named : tensors) {
    content.tensors.emplace(named.name, named.tensor);
  }
  return core::sha256(encode_safetensors(content));
}

template <class T>
void require_same(const char* option, const T& saved, const T& now) {
  if (saved != now) {
    throw InvalidArgument(text("resume: ", option, " was ", saved, " in the saved run, got ", now));
  }
}

void require_same_schedule(const optim::ScheduleOptions& saved, const optim::ScheduleOptions& now) {
  require_same("schedule", to_string(saved.kind), to_string(now.kind));
  require_same("schedule.warmup", saved.warmup, now.warmup);
  require_same("schedule.total", saved.total, now.total);
  require_same("schedule.step_size", saved.step_size, now.step_size);
  require_same("schedule.gamma", saved.gamma, now.gamma);
  require_same("schedule.patience", saved.patience, now.patience);
  require_same("schedule.minimum", saved.minimum, now.minimum);
}

void require_same_run(const FitOptions& saved, const FitOptions& now) {
  require_same("seed", saved.seed, now.seed);
  require_same("patience", saved.patience, now.patience);
  require_same("learning_rate", saved.learning_rate, now.learning_rate);
  require_same("weight_decay", saved.weight_decay, now.weight_decay);
  require_same("max_gradient_norm", saved.max_gradient_norm, now.max_gradient_norm);
  require_same("label_smoothing", saved.label_smoothing, now.label_smoothing);
  require_same_schedule(saved.schedule, now.schedule);
}

void require_consistent(const TrainerState& state, std::int64_t epochs) {
  const EarlyStoppingState& stopping = state.early_stopping;
  if (state.epoch < 1 || state.epoch > epochs) {
    throw InvalidArgument(
        text("resume: the saved run has done ", state.epoch, " epochs, expected 1 to ", epochs));
  }
  if (stopping.best_epoch < 1 || stopping.best_epoch > state.epoch || stopping.waited < 0 ||
      stopping.waited >= state.epoch) {
    throw InvalidArgument(text("resume: the saved run contradicts itself: epoch ", state.epoch,
                               ", best ", stopping.best_epoch, ", waited ", stopping.waited));
  }
  if (static_cast<std::int64_t>(state.curves.size()) != state.epoch) {
    throw InvalidArgument(text("resume: the saved run contradicts itself: ", state.epoch,
                               " epochs, curves of ", state.curves.size()));
  }
  if (!(state.seconds >= 0) || !std::isfinite(state.seconds)) {
    throw InvalidArgument("resume: the saved run contradicts itself: its time is no time");
  }
}

}  // namespace

/// Hands what layers report to every regulariser that listens.
class Trainer::Sinks final : public nn::HeadSink {
 public:
  explicit Sinks(std::vector<nn::HeadSink*> sinks) : sinks_(std::move(sinks)) {}

  void receive(const nn::AttentionHeads& heads) override {
    for (nn::HeadSink* sink : sinks_) {
      sink->receive(heads);
    }
  }
  void receive_scaled(const nn::ScaledHeads& heads) override {
    for (nn::HeadSink* sink : sinks_) {
      sink->receive_scaled(heads);
    }
  }

 private:
  std::vector<nn::HeadSink*> sinks_;
};

Trainer::Trainer(std::vector<nn::NamedParameter> parameters, ClassificationTask task,
                 const FitOptions& options, std::vector<Regularizer*> regularizers)
    : options_(checked(options)),
      task_(checked(std::move(task))),
      training_pass_(task_.training_pass.value_or(all_rows(task_))),
      all_rows_pass_(all_rows(task_)),
      validation_pass_(validation_pass(task_)),
      regularizers_(std::move(regularizers)),
      all_parameters_(together(parameters, task_.buffers)),
      best_(all_parameters_),
      adam_(std::move(parameters),
            {.learning_rate = options.learning_rate, .weight_decay = options.weight_decay}),
      schedule_(options_.learning_rate, options_.schedule),
      early_stopping_(options.patience) {
  require_few_steps(options_.epochs, steps_per_epoch());
  if (options_.schedule.kind == optim::ScheduleKind::plateau && task_.validation.empty()) {
    throw InvalidArgument("fit: a plateau schedule looks at validation rows, got none");
  }
  if (options_.label_smoothing > 0 && task_.targets.defined()) {
    throw InvalidArgument("fit: label_smoothing is of one label a row, got rows with several");
  }
  initialize_regularizers();
  // So that epochs allocate nothing; curves beyond that grow as they come.
  const auto expected = static_cast<std::size_t>(std::min(options.epochs, kMostTimedEpochs));
  epoch_seconds_.reserve(expected);
  curves_.reserve(expected);
}

Trainer::~Trainer() = default;

void Trainer::initialize_regularizers() {
  std::vector<nn::HeadSink*> listening;
  for (Regularizer* regularizer : regularizers_) {
    if (nn::HeadSink* sink = regularizer->head_sink()) {
      listening.push_back(sink);
    }
  }
  if (!listening.empty()) {
    sinks_ = std::make_unique<Sinks>(std::move(listening));
    const autograd::NoGradScope no_grad;
    nn::ForwardContext context;
    context.head_sink = sinks_.get();
    (void)first_pass().logits(context);
  }
  for (std::size_t i = 0; i < regularizers_.size(); ++i) {
    regularizers_[i]->initialize(options_.seed);
    std::vector<nn::NamedParameter> parameters = regularizers_[i]->parameters();
    for (nn::NamedParameter& parameter : parameters) {
      parameter.name = text("regularizers.", i, ".", parameter.name);
    }
    all_parameters_.insert(all_parameters_.end(), parameters.begin(), parameters.end());
    adam_.add(std::move(parameters),
              {.weight_decay = regularizers_[i]->weight_decay(),
               .learning_rate_scale = regularizers_[i]->learning_rate_scale()});
  }
}

bool Trainer::all_rows_needed() const {
  return std::ranges::any_of(regularizers_,
                             [](const Regularizer* each) { return each->needs_all_rows(); });
}

// Of a step over all training rows.
const RowsPass& Trainer::pass_of_step() const {
  return all_rows_needed() ? all_rows_pass_ : training_pass_;
}

// By which the regularisers learn the sizes of the heads.
RowsPass Trainer::first_pass() const {
  if (!task_.batches) {
    return pass_of_step();
  }
  if (all_rows_needed()) {
    throw InvalidArgument("fit: a regulariser needs all rows, which no batch computes");
  }
  return task_.batches->pass(options_.seed, 1, 0);
}

std::int64_t Trainer::steps_per_epoch() const noexcept {
  return task_.batches ? task_.batches->count : 1;
}

EpochReport Trainer::run_epoch() {
  try {
    return run_next_epoch();
  } catch (const Error& error) {
    throw Error(core::text("epoch ", epoch_, ": ", error.what()));
  }
}

EpochReport Trainer::run_next_epoch() {
  const auto start = Clock::now();
  EpochReport report;
  report.epoch = ++epoch_;
  report.learning_rate = schedule_.learning_rate(epoch_);
  adam_.set_learning_rate(report.learning_rate);
  report.train_loss = training_epoch(report.regularizer);
  if (!validation_pass_.rows.empty()) {
    report.validation = validate_rows(validation_pass_, evaluate(validation_pass_));
    schedule_.observe(report.validation->loss);
  }
  if (is_best(report.validation)) {
    best_.take();
    best_regularizer_ = report.regularizer;
  }
  report.best_epoch = early_stopping_.state().best_epoch;
  record(report);
  report.seconds = seconds_since(start);
  seconds_ += report.seconds;
  if (epoch_seconds_.size() < epoch_seconds_.capacity()) {
    epoch_seconds_.push_back(report.seconds);
  }
  return report;
}

double Trainer::training_epoch(double& regularizer) {
  std::optional<double> term;  // of the last step that had one
  double loss = 0;
  if (task_.batches) {
    loss = batched_epoch(term);
  } else {
    const auto step = static_cast<std::uint32_t>(epoch_);
    begin_step(step);
    loss = training_step(pass_of_step(), step, term);
  }
  regularizer = term.value_or(curves_.empty() ? 0 : curves_.back().alignment.value_or(0));
  return loss;
}

// A batch is made while the one before trains: sampling has parts that one thread does.
double Trainer::batched_epoch(std::optional<double>& regularizer) {
  const std::int64_t steps = steps_per_epoch();
  double loss = 0;
  std::int64_t rows = 0;
  RowsPass next = task_.batches->pass(options_.seed, epoch_, 0);
  for (std::int64_t i = 0; i < steps; ++i) {
    const RowsPass batch = std::move(next);
    const auto step = static_cast<std::uint32_t>((epoch_ - 1) * steps + i + 1);
    begin_step(step);
    double of_batch = 0;
    core::parallel_tasks(i + 1 < steps ? 2 : 1, [&](std::int64_t task) {
      if (task == 0) {
        of_batch = training_step(batch, step, regularizer);
      } else {
        next = task_.batches->pass(options_.seed, epoch_, i + 1);
      }
    });
    const std::int64_t more = std::ssize(batch.rows);
    rows += more;
    // The mean so far moves by the share of the new rows: of one batch it is the loss to the bit.
    loss += (of_batch - loss) * (static_cast<double>(more) / static_cast<double>(rows));
  }
  return loss;
}

void Trainer::begin_step(std::uint32_t step) {
  for (Regularizer* each : regularizers_) {
    each->begin_step(options_.seed, step);
  }
  adam_.zero_grad();
}

double Trainer::training_step(const RowsPass& pass, std::uint32_t step,
                              std::optional<double>& regularizer) {
  nn::ForwardContext context(
      core::RandomStream(options_.seed, core::Purpose::dropout).at_step(step));
  context.head_sink = sinks_.get();
  Variable loss = objective(pass, pass.logits(context), options_.label_smoothing);
  const double value = loss.value().item();
  Variable total = with_regularizers(std::move(loss), regularizer);
  if (!std::isfinite(total.value().item())) {
    throw Error(text("fit: the loss of epoch ", epoch_, " is not finite"));
  }
  autograd::backward(std::move(total));
  if (options_.max_gradient_norm > 0) {
    optim::clip_gradient_norm(all_parameters_, options_.max_gradient_norm);
  }
  adam_.step();
  return value;
}

Variable Trainer::with_regularizers(Variable loss, std::optional<double>& regularizer) {
  std::optional<double> sum;
  for (Regularizer* each : regularizers_) {
    if (const Variable term = each->loss(); term.defined()) {
      loss = ops::add(loss, term);
      sum = sum.value_or(0) + each->value();
    }
  }
  regularizer = sum ? sum : regularizer;
  return loss;
}

Tensor Trainer::evaluate(const RowsPass& pass) const {
  const autograd::NoGradScope no_grad;
  nn::ForwardContext context;
  return pass.logits(context).value();
}

void Trainer::record(const EpochReport& report) {
  CurvePoint point{
      .epoch = report.epoch, .train_loss = report.train_loss, .validation = report.validation};
  if (!regularizers_.empty()) {
    point.alignment = report.regularizer;
  }
  curves_.push_back(point);
}

// Without validation the last epoch is the best.
bool Trainer::is_best(const std::optional<LossAndAccuracy>& validation) {
  if (validation) {
    return early_stopping_.observe(epoch_, *validation);
  }
  EarlyStoppingState state = early_stopping_.state();
  state.best_epoch = epoch_;
  early_stopping_.load_state(state);
  return true;
}

bool Trainer::finished() const noexcept {
  return epoch_ >= options_.epochs || early_stopping_.should_stop();
}

FitResult Trainer::finish() {
  if (epoch_ > 0) {
    best_.restore();
  }
  const Tensor logits = evaluate({.logits = task_.logits});
  const auto measure = [&](std::span<const std::int64_t> rows) {
    return rows.empty() ? std::nullopt : std::optional(measure_rows(task_, logits, rows));
  };
  return {.epochs = epoch_,
          .best_epoch = early_stopping_.state().best_epoch,
          .regularizer = best_regularizer_,
          .train = measure(task_.train),
          .validation = measure(task_.validation),
          .test = measure(task_.test),
          .seconds = seconds_,
          .ms_per_epoch = 1000 * median(epoch_seconds_),
          .weights_sha256 = digest(best_.tensors()),
          .interrupted = !finished()};
}

TrainerState Trainer::state() const {
  TrainerState state{.options = options_,
                     .epoch = epoch_,
                     .early_stopping = early_stopping_.state(),
                     .best_regularizer = best_regularizer_,
                     .seconds = seconds_,
                     .curves = curves_,
                     .parameters = {},
                     .best_parameters = best_.tensors(),
                     .optimizer = adam_.state()};
  for (const nn::NamedParameter& parameter : all_parameters_) {
    state.parameters.push_back({parameter.name, parameter.variable.value()});
  }
  return state;
}

void Trainer::load_state(const TrainerState& state) {
  require_same_run(state.options, options_);
  require_consistent(state, options_.epochs);
  require_matching(all_parameters_, state.parameters, "resume: parameters");
  best_.require_matching(state.best_parameters);
  adam_.load_state(state.optimizer);  // the last that can fail
  best_.load(state.best_parameters);
  load_parameters(all_parameters_, state.parameters, "resume: parameters");
  early_stopping_.load_state(state.early_stopping);
  epoch_ = state.epoch;
  best_regularizer_ = state.best_regularizer;
  seconds_ = state.seconds;
  curves_.assign(state.curves.begin(), state.curves.end());
  schedule_ = optim::Schedule(options_.learning_rate, options_.schedule);
  for (const CurvePoint& point : curves_) {
    if (point.validation) {
      schedule_.observe(point.validation->loss);
    }
  }
}

}  // namespace attune::train
