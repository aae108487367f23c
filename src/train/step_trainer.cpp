#include <cmath>
#include <string_view>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/optim/clip.hpp>
#include <attune/train/step_trainer.hpp>

namespace attune::train {

using core::text;

namespace {

constexpr std::size_t kMostBatches = 4096;
constexpr std::uint32_t kStreamsOfBatch = 4096;  // of dropout, in one pass

bool decays(const nn::NamedParameter& parameter) {
  const std::string_view name = parameter.name;
  return !name.ends_with("bias") && !name.ends_with("gamma") && !name.ends_with("beta");
}

const StepOptions& checked(const StepOptions& options) {
  if (!(options.max_gradient_norm >= 0) || !std::isfinite(options.max_gradient_norm)) {
    throw InvalidArgument(text("StepTrainer: max_gradient_norm must be finite and at least 0, got ",
                               options.max_gradient_norm));
  }
  return options;
}

optim::Adam adam_of(const std::vector<nn::NamedParameter>& parameters, const StepOptions& options) {
  std::vector<nn::NamedParameter> decayed;
  std::vector<nn::NamedParameter> others;
  for (const nn::NamedParameter& parameter : parameters) {
    (decays(parameter) ? decayed : others).push_back(parameter);
  }
  optim::Adam adam(std::move(decayed), {.learning_rate = options.learning_rate,
                                        .epsilon = options.epsilon,
                                        .weight_decay = options.weight_decay,
                                        .decoupled = true});
  adam.add(std::move(others), {.weight_decay = 0});
  return adam;
}

}  // namespace

StepTrainer::StepTrainer(std::vector<nn::NamedParameter> parameters, const StepOptions& options,
                         Regularizer* regularizer)
    : options_(checked(options)),
      schedule_(options.learning_rate, options.warmup_steps, options.total_steps),
      regularizer_(regularizer),
      parameters_(std::move(parameters)),
      of_model_(parameters_.size()),
      adam_(adam_of(parameters_, options)) {}

void StepTrainer::prepare(const BatchLoss& batch) {
  prepared_ = true;
  if (regularizer_ == nullptr) {
    return;
  }
  const autograd::NoGradScope no_grad;
  nn::ForwardContext evaluation;
  evaluation.head_sink = regularizer_->head_sink();
  (void)batch(evaluation);
  regularizer_->initialize(options_.seed);
  std::vector<nn::NamedParameter> own = regularizer_->parameters();
  for (nn::NamedParameter& parameter : own) {
    parameter.name = "regularizer." + parameter.name;
  }
  parameters_.insert(parameters_.end(), own.begin(), own.end());
  adam_.add(std::move(own), {.weight_decay = regularizer_->weight_decay(),
                             .learning_rate_scale = regularizer_->learning_rate_scale()});
}

nn::ForwardContext StepTrainer::context(std::size_t batch) const {
  const auto first = static_cast<std::uint32_t>(batch) * kStreamsOfBatch;
  nn::ForwardContext context(core::RandomStream(options_.seed, core::Purpose::dropout, first,
                                                static_cast<std::uint32_t>(step_)));
  context.head_sink = regularizer_ != nullptr ? regularizer_->head_sink() : nullptr;
  return context;
}

double StepTrainer::add_gradients(const BatchLoss& batch, std::size_t number, double share,
                                  StepReport& report) {
  if (regularizer_ != nullptr) {
    regularizer_->begin_step(options_.seed, static_cast<std::uint32_t>(step_));
  }
  nn::ForwardContext ctx = context(number);
  Variable loss = batch(ctx);
  const double value = loss.value().item();
  if (regularizer_ != nullptr) {
    if (const Variable term = regularizer_->loss(); term.defined()) {
      loss = ops::add(loss, term);
    }
    report.regularizer += share * regularizer_->value();
  }
  if (!std::isfinite(loss.value().item())) {
    throw Error(text("StepTrainer: the loss of step ", step_, " is not finite"));
  }
  backward(share == 1 ? loss : ops::scale(loss, share));
  return value;
}

StepReport StepTrainer::step(std::span<const BatchLoss> batches) {
  if (batches.empty() || batches.size() > kMostBatches) {
    throw InvalidArgument(
        text("StepTrainer::step: expected 1 to ", kMostBatches, " batches, got ", batches.size()));
  }
  if (step_ >= options_.total_steps) {
    throw InvalidArgument(text("StepTrainer::step: all ", options_.total_steps, " steps are done"));
  }
  if (!prepared_) {
    prepare(batches.front());
  }
  ++step_;
  StepReport report{.step = step_, .learning_rate = schedule_.learning_rate(step_)};
  adam_.zero_grad();
  const double share = 1.0 / static_cast<double>(batches.size());
  for (std::size_t i = 0; i < batches.size(); ++i) {
    report.loss += share * add_gradients(batches[i], i, share, report);
  }
  if (options_.max_gradient_norm > 0) {
    const std::span<const nn::NamedParameter> all(parameters_);
    report.gradient_norm =
        optim::clip_gradient_norm(all.first(of_model_), options_.max_gradient_norm);
    (void)optim::clip_gradient_norm(all.subspan(of_model_), options_.max_gradient_norm);
  }
  adam_.set_learning_rate(report.learning_rate);
  adam_.step();
  return report;
}

StepState StepTrainer::state() const {
  StepState state{.step = step_, .parameters = {}, .optimizer = adam_.state()};
  for (const nn::NamedParameter& parameter : parameters_) {
    state.parameters.push_back({parameter.name, parameter.variable.value()});
  }
  return state;
}

void StepTrainer::load_state(const StepState& state) {
  if (state.step < 0 || state.step > options_.total_steps) {
    throw InvalidArgument(text("StepTrainer::load_state: step must be 0 to ", options_.total_steps,
                               ", got ", state.step));
  }
  require_matching(parameters_, state.parameters, "StepTrainer::load_state");
  adam_.load_state(state.optimizer);
  load_parameters(parameters_, state.parameters, "StepTrainer::load_state");
  step_ = state.step;
}

}  // namespace attune::train
