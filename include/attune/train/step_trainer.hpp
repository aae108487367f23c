#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <attune/nn/forward_context.hpp>
#include <attune/nn/module.hpp>
#include <attune/optim/adam.hpp>
#include <attune/optim/schedule.hpp>
#include <attune/train/parameter_snapshot.hpp>
#include <attune/train/regularizer.hpp>

namespace attune::train {

/// How batches are trained on. The defaults are those that BERT is fine-tuned with.
struct StepOptions {
  std::int64_t total_steps = 0;   ///< required: the learning rate falls to zero over them
  std::int64_t warmup_steps = 0;  ///< the learning rate rises over them
  double learning_rate = 2e-5;    ///< at the end of the warm-up
  /// Decoupled (AdamW), of all parameters but biases and the gamma and beta of normalisations.
  double weight_decay = 0.01;
  double epsilon = 1e-6;  ///< of Adam
  /// Gradients of the model are clipped to it, those of the regulariser apart from them, so that an
  /// adversary with a large gradient does not shrink the model's; 0: never.
  double max_gradient_norm = 1;
  std::uint64_t seed = 0;  ///< of dropout and of the regulariser
};

/// What a step did.
struct StepReport {
  std::int64_t step = 0;     ///< from 1
  double loss = 0;           ///< mean over the batches, of the task alone
  double regularizer = 0;    ///< likewise, before its weight
  double gradient_norm = 0;  ///< of the model's, before clipping; 0 where nothing is clipped
  double learning_rate = 0;  ///< of this step
};

/// Everything that decides how training goes on. The tensors are handles on those of the trainer.
struct StepState {
  std::int64_t step = 0;                             ///< steps done
  std::vector<NamedTensor> parameters;               ///< of the model and the regulariser
  std::vector<optim::AdamParameterState> optimizer;  ///< what Adam remembers
};

/// Training on batches: AdamW with warm-up and linear decay, clipping, and any number of batches a
/// step, whose gradients are averaged (accumulation). Dropout is drawn from (seed, step, batch), so
/// that a run which was stopped and resumed goes on to the bit.
///
///     StepTrainer trainer(model.parameters(), {.total_steps = 1000, .warmup_steps = 100});
///     const StepTrainer::BatchLoss loss = [&](nn::ForwardContext& ctx) {
///       return ops::cross_entropy(model.forward(batch, ctx), labels, rows);
///     };
///     const StepReport report = trainer.step({&loss, 1});
class StepTrainer {
 public:
  /// The loss of one batch, rank 0, computed with the context that it is given.
  using BatchLoss = std::function<Variable(nn::ForwardContext&)>;

  /// @param regularizer  added to the loss of every batch; null: none. Must outlive this.
  /// @throws InvalidArgument  an option out of its range
  StepTrainer(std::vector<nn::NamedParameter> parameters, const StepOptions& options,
              Regularizer* regularizer = nullptr);

  /// Shows the regulariser a batch, so that it knows the heads and makes its parameters. The first
  /// step does it unless it was done; before load_state() it must be.
  void prepare(const BatchLoss& batch);

  /// @throws InvalidArgument  no batch, more than 4096, or all steps are done
  /// @throws Error            a loss or a gradient is not finite
  StepReport step(std::span<const BatchLoss> batches);

  /// Steps done.
  [[nodiscard]] std::int64_t steps() const noexcept { return step_; }
  /// What is to be saved.
  [[nodiscard]] StepState state() const;
  /// Continues where `state` was taken.
  /// @throws InvalidArgument, ShapeError  the state is that of another run
  void load_state(const StepState& state);

 private:
  [[nodiscard]] nn::ForwardContext context(std::size_t batch) const;
  double add_gradients(const BatchLoss& batch, std::size_t number, double share,
                       StepReport& report);

  StepOptions options_;
  optim::LinearSchedule schedule_;
  Regularizer* regularizer_;
  std::vector<nn::NamedParameter> parameters_;  // of the model, then of the regulariser
  std::size_t of_model_ = 0;                    // how many are the model's
  optim::Adam adam_;
  std::int64_t step_ = 0;
  bool prepared_ = false;
};

}  // namespace attune::train
