#pragma once

#include <cstdint>
#include <vector>

#include <attune/nn/forward_context.hpp>
#include <attune/nn/module.hpp>

namespace attune::train {

/// A term that training adds to the loss of the task: alignment of attention heads, above all. It
/// is attached from outside; no model knows of it. Evaluation never touches it.
///
/// A Trainer calls, in this order:
///
///     one evaluation pass that reports to head_sink(), so that the sizes of the heads are known
///     initialize(seed), then parameters()
///     in every step:  begin_step(seed, step), a training pass that reports to head_sink(), loss(),
///                     the backward pass, one step of the optimiser over all parameters
///
/// Random numbers are taken from core::Purpose::alignment, whose streams no model uses: attaching a
/// regulariser with weight 0 changes nothing.
class Regularizer {
 public:
  virtual ~Regularizer() = default;

  /// Where attention layers report their heads; null if that is not needed.
  [[nodiscard]] virtual nn::HeadSink* head_sink() noexcept { return nullptr; }

  /// Whether the training pass that comes must compute all rows for its sake, where the loss needs
  /// only some. Asked before the first pass and after each begin_step().
  [[nodiscard]] virtual bool needs_all_rows() const noexcept { return false; }

  /// Makes the parameters. Drops whatever was reported before.
  virtual void initialize(std::uint64_t /*seed*/) {}

  /// Parameters of its own, learned in the same steps as the model's. They are not part of the
  /// model.
  [[nodiscard]] virtual std::vector<nn::NamedParameter> parameters() { return {}; }

  /// L2 decay of these parameters, in place of the model's.
  [[nodiscard]] virtual double weight_decay() const noexcept { return 0; }

  /// Learning rate of these parameters in units of the model's.
  [[nodiscard]] virtual double learning_rate_scale() const noexcept { return 1; }

  /// A training pass follows. Drops whatever the pass before reported.
  virtual void begin_step(std::uint64_t seed, std::uint32_t step) = 0;

  /// The term, weighted, of the pass since begin_step(); undefined where it adds nothing.
  [[nodiscard]] virtual Variable loss() = 0;

  /// The term of the last loss() before its weight: what is reported. Where no regulariser adds a
  /// term to a step, that of the step before is reported again.
  [[nodiscard]] virtual double value() const noexcept = 0;
};

}  // namespace attune::train
