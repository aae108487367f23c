#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <attune/nn/forward_context.hpp>
#include <attune/nn/module.hpp>
#include <attune/train/parameter_snapshot.hpp>
#include <attune/train/regularizer.hpp>
#include <attune/train/step_checkpoint.hpp>
#include <attune/train/step_plan.hpp>
#include <attune/train/step_trainer.hpp>

namespace attune::train {

/// Measures by name, fractions and not percentages.
using Measures = std::map<std::string, double>;

/// How a model is trained in steps.
struct StepFitOptions {
  std::int64_t epochs = 3;       ///< over the training part
  std::int64_t steps = 0;        ///< instead of epochs, where above 0
  std::int64_t batch_size = 32;  ///< items
  std::int64_t accumulate = 1;   ///< batches a step
  double learning_rate = 2e-5;   ///< at the end of the warm-up
  double warmup = 0.1;           ///< share of the steps, in [0, 1]
  double weight_decay = 0.01;    ///< AdamW's
  double max_gradient_norm = 1;  ///< 0: never clipped
  std::int64_t eval_every = 0;   ///< steps from one validation to the next; 0: an epoch
  std::int64_t patience = 0;     ///< validations without a better one to stop after; 0: never
  bool keep_last = false;        ///< not the best validation's parameters but the last ones
  std::uint64_t seed = 0;        ///< of the order, dropout and the regulariser
};

/// What is trained in steps. Whatever the functions refer to must outlive the training.
struct StepTask {
  std::vector<nn::NamedParameter> parameters;  ///< of the model
  std::vector<std::int64_t> lengths;  ///< of the items: those of about one length share a batch
  std::function<Variable(std::span<const std::int64_t> items, nn::ForwardContext&)>
      loss;                                      ///< of some items, rank 0
  std::function<Measures()> validate = nullptr;  ///< null: there is nothing to validate on
  std::string metric = {};  ///< of these measures, to choose by; the more the better
};

/// What a step did, and what the validation after it found, if there was one.
struct FitStep {
  StepReport report;                                  ///< of the step
  double seconds = 0;                                 ///< of the step, without validation
  std::optional<Measures> validation = std::nullopt;  ///< none: it was not due
};

/// Training that can be stopped after any step, saved, and continued to the bit. The parameters of
/// the validation with the highest metric are kept, the first of equal ones; without validation,
/// or where the options say so, the last ones are.
class ValidatedTrainer {
 public:
  /// @param regularizer  null: none; must outlive this
  /// @throws InvalidArgument  an option out of its range, nothing to train on
  ValidatedTrainer(StepTask task, const StepFitOptions& options,
                   Regularizer* regularizer = nullptr);

  /// Steps done.
  [[nodiscard]] std::int64_t steps() const noexcept { return trainer_.steps(); }
  /// If it is not stopped early.
  [[nodiscard]] std::int64_t total_steps() const noexcept { return plan_.total_steps(); }
  /// Over the training part.
  [[nodiscard]] std::int64_t steps_per_epoch() const noexcept { return plan_.steps_per_epoch(); }
  /// All steps are done, or patience is at its end.
  [[nodiscard]] bool finished() const noexcept;

  /// One step, and a validation where it is due.
  /// @throws InvalidArgument  it is finished
  FitStep step();

  /// Evaluations so far.
  [[nodiscard]] const std::vector<StepRecord>& curve() const noexcept { return curve_; }
  /// Step of the best parameters; 0: none yet.
  [[nodiscard]] std::int64_t best_step() const noexcept { return best_step_; }
  /// Regulariser's value before its weight, mean over the steps before the best validation.
  [[nodiscard]] double best_regularizer() const noexcept { return best_regularizer_; }
  /// Of all steps and validations, those before a resumption included.
  [[nodiscard]] double seconds() const noexcept { return seconds_; }
  /// Gives the model its best parameters. Training is over then.
  void restore_best();

  /// What is to be saved. The tensors are handles.
  [[nodiscard]] StepCheckpoint checkpoint(const Settings& settings) const;
  /// Continues where `checkpoint` was taken.
  /// @throws InvalidArgument, ShapeError  it is that of another run
  void load(const StepCheckpoint& checkpoint);

 private:
  [[nodiscard]] std::vector<StepTrainer::BatchLoss> losses(const StepPlan::Batches& batches) const;
  [[nodiscard]] bool validation_due() const noexcept;
  void record(const Measures& measures);

  StepTask task_;
  StepFitOptions options_;
  StepPlan plan_;
  StepTrainer trainer_;
  ParameterSnapshot best_;
  std::vector<StepRecord> curve_;
  std::int64_t best_step_ = 0;
  double best_score_ = 0;
  double best_regularizer_ = 0;
  std::int64_t waited_ = 0;
  double loss_sum_ = 0;         // since the validation before
  double regularizer_sum_ = 0;  // likewise
  std::int64_t summed_ = 0;     // steps
  double seconds_ = 0;
};

}  // namespace attune::train
