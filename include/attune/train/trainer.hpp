#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/nn/forward_context.hpp>
#include <attune/nn/module.hpp>
#include <attune/optim/adam.hpp>
#include <attune/optim/schedule.hpp>
#include <attune/train/curves.hpp>
#include <attune/train/early_stopping.hpp>
#include <attune/train/metrics.hpp>
#include <attune/train/parameter_snapshot.hpp>
#include <attune/train/regularizer.hpp>

namespace attune::train {

/// How to train. The defaults are those of Velickovic et al. for Cora and CiteSeer.
struct FitOptions {
  std::int64_t epochs = 2000;    ///< at most, in [1, 2^31)
  std::int64_t patience = 100;   ///< of early stopping; 0: all epochs
  double learning_rate = 0.005;  ///< of Adam, for model and regularisers
  double weight_decay = 5e-4;    ///< L2, on the parameters of the model
  double max_gradient_norm = 0;  ///< gradients are clipped to it; 0: never
  std::uint64_t seed = 0;        ///< of dropout and of regularisers
  double label_smoothing = 0;    ///< of the labels that are learned from, in [0, 1)
  /// Of the learning rate, a step an epoch; a total of 0 stands for `epochs`. `plateau` looks at
  /// the validation loss.
  optim::ScheduleOptions schedule = {};
};

/// A pass that yields the rows that are looked at and no others, in an order of its own.
struct RowsPass {
  std::function<Variable(nn::ForwardContext&)> logits = nullptr;  ///< [num_rows, num_classes]
  std::span<const std::int32_t> labels = {};                      ///< [num_rows]
  std::span<const std::int64_t> rows = {};                        ///< 0 to num_rows - 1
  /// Where rows may have several labels, in the place of `labels`: [num_rows, num_labels], 0 or 1.
  core::Tensor targets = {};
};

/// Steps over a part of the training rows each, so that an epoch takes `count` of them.
struct TrainingBatches {
  std::int64_t count = 0;  ///< at least 1
  /// Number `batch`, from 0, of an epoch, from 1: a function of its arguments alone, so that a run
  /// that was stopped goes on to the bit. The batches of an epoch hold every training row once. One
  /// is asked for after the other, while the one before is trained on, maybe on another thread.
  std::function<RowsPass(std::uint64_t seed, std::int64_t epoch, std::int64_t batch)> pass =
      nullptr;
};

/// Rows to be classified by one pass over all of them, as the nodes of a graph are. What the spans
/// and the function refer to must outlive the Trainer.
struct ClassificationTask {
  std::function<Variable(nn::ForwardContext&)> logits = nullptr;  ///< [num_rows, num_classes]
  std::span<const std::int32_t> labels = {};                      ///< [num_rows]
  std::span<const std::int64_t> train = {};       ///< rows to learn from, at least one
  std::span<const std::int64_t> validation = {};  ///< to choose the epoch by; empty: the last one
  std::span<const std::int64_t> test = {};  ///< to be judged on, once, at the end; may be empty
  /// What training steps compute instead of all rows, unless a regulariser needs these; none: all.
  std::optional<RowsPass> training_pass = std::nullopt;
  /// What the evaluation after each epoch computes instead of all rows; none: all.
  std::optional<RowsPass> validation_pass = std::nullopt;
  /// Where rows may have several labels, in the place of `labels`: [num_rows, num_labels], 0 or 1.
  /// The loss is then the mean over rows and labels of the binary cross-entropy, and early stopping
  /// looks at micro-F1, which reports call accuracy: multi_label_loss_and_f1().
  core::Tensor targets = {};
  /// What the steps of an epoch compute, in place of one step over all training rows.
  std::optional<TrainingBatches> batches = std::nullopt;
  /// Of the model, nn::Module::buffers(): kept and saved with its parameters.
  std::vector<nn::NamedParameter> buffers = {};
};

/// What an epoch found.
struct EpochReport {
  std::int64_t epoch = 0;  ///< from 1
  double train_loss = 0;   ///< cross-entropy of the training rows, with dropout; over batches the
                           ///< mean over their rows, each with the parameters of its step
  /// Sum of the regularisers' values, before their weights, of the last step in which one added to
  /// the loss.
  double regularizer = 0;
  std::optional<LossAndAccuracy> validation;  ///< after the step; none: there are no such rows
  std::int64_t best_epoch = 0;  ///< so far, by EarlyStopping; without validation rows the last
  double seconds = 0;           ///< of this epoch, its validation included
  double learning_rate = 0;     ///< of this epoch's step
};

/// What a run found.
struct FitResult {
  std::int64_t epochs = 0;                          ///< that were run
  std::int64_t best_epoch = 0;                      ///< whose parameters were kept
  double regularizer = 0;                           ///< at the best epoch, before its weight
  std::optional<ClassificationMetrics> train;       ///< of the training rows, without dropout
  std::optional<ClassificationMetrics> validation;  ///< of the best parameters, as the others
  std::optional<ClassificationMetrics> test;        ///< none: there are no such rows
  double seconds = 0;          ///< of all epochs, those before a resumption included
  double ms_per_epoch = 0;     ///< median over the epochs of this process
  std::string weights_sha256;  ///< of the best parameters, as encode_safetensors() writes them
  bool interrupted = false;    ///< stopped from outside before it was finished
};

/// Everything that decides how training goes on. The tensors are handles on those of the Trainer.
struct TrainerState {
  FitOptions options;                 ///< of the run
  std::int64_t epoch = 0;             ///< that was run last; 0: none yet
  EarlyStoppingState early_stopping;  ///< what it has seen
  double best_regularizer = 0;        ///< EpochReport::regularizer of the best epoch
  double seconds = 0;                 ///< of all epochs so far
  std::vector<CurvePoint> curves;     ///< of all epochs so far
  /// Of the model, its buffers among them, and of the regularisers.
  std::vector<NamedTensor> parameters;
  std::vector<NamedTensor> best_parameters;          ///< and buffers of the model
  std::vector<optim::AdamParameterState> optimizer;  ///< of `parameters` but the buffers, in order
};

/// One training run that can be stopped after any epoch, saved, and continued to the bit. An epoch
/// is one step over all training rows, or one a batch, and one evaluation of the validation rows:
/// forward with dropout drawn from (seed, step), masked cross-entropy plus regularisers, backward,
/// Adam with L2, forward without tape or dropout.
///
///     Trainer trainer(model.parameters(), task, {.seed = 1});
///     const FitResult result = fit(trainer);
class Trainer {
 public:
  /// @throws InvalidArgument  an option out of range, no function, no row to train on, no batch,
  ///                          more than 2^32 - 1 steps in all, or batches beside a regulariser that
  ///                          needs all rows
  Trainer(std::vector<nn::NamedParameter> parameters, ClassificationTask task,
          const FitOptions& options, std::vector<Regularizer*> regularizers = {});
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// @throws Error  the loss or a logit is not finite
  EpochReport run_epoch();

  /// All epochs are done, or the patience is at its end.
  [[nodiscard]] bool finished() const noexcept;
  /// It was made with.
  [[nodiscard]] const FitOptions& options() const noexcept { return options_; }
  /// That was run last; 0: none yet.
  [[nodiscard]] std::int64_t epoch() const noexcept { return epoch_; }

  /// Gives the best parameters to the model and measures them. Training cannot go on after it.
  [[nodiscard]] FitResult finish();

  /// As of the last epoch; handles, which the next one changes.
  [[nodiscard]] TrainerState state() const;

  /// Continues where `state` was taken. More epochs may be asked for than then; all other options
  /// must be the same.
  /// @throws InvalidArgument, ShapeError  the state is that of another run or contradicts itself;
  ///                                      the Trainer is then as it was
  void load_state(const TrainerState& state);

 private:
  class Sinks;

  [[nodiscard]] EpochReport run_next_epoch();
  void initialize_regularizers();
  [[nodiscard]] bool all_rows_needed() const;
  [[nodiscard]] const RowsPass& pass_of_step() const;
  [[nodiscard]] RowsPass first_pass() const;
  [[nodiscard]] std::int64_t steps_per_epoch() const noexcept;
  [[nodiscard]] double training_epoch(double& regularizer);
  [[nodiscard]] double batched_epoch(std::optional<double>& regularizer);
  void begin_step(std::uint32_t step);
  [[nodiscard]] double training_step(const RowsPass& pass, std::uint32_t step,
                                     std::optional<double>& regularizer);
  [[nodiscard]] Variable with_regularizers(Variable loss, std::optional<double>& regularizer);
  [[nodiscard]] core::Tensor evaluate(const RowsPass& pass) const;
  void record(const EpochReport& report);
  [[nodiscard]] bool is_best(const std::optional<LossAndAccuracy>& validation);

  FitOptions options_;
  ClassificationTask task_;
  RowsPass training_pass_;  // of steps in which no regulariser needs all rows
  RowsPass all_rows_pass_;
  RowsPass validation_pass_;  // no rows: there are none
  std::vector<Regularizer*> regularizers_;
  std::unique_ptr<Sinks> sinks_;                    // null: nobody listens
  std::vector<nn::NamedParameter> all_parameters_;  // and buffers of the model; regularisers'
  ParameterSnapshot best_;
  optim::Adam adam_;
  optim::Schedule schedule_;
  EarlyStopping early_stopping_;
  std::int64_t epoch_ = 0;
  double best_regularizer_ = 0;
  double seconds_ = 0;
  std::vector<CurvePoint> curves_;
  std::vector<double> epoch_seconds_;  // of this process
};

}  // namespace attune::train
