#pragma once

#include <cstdint>
#include <limits>

#include <attune/train/metrics.hpp>

namespace attune::train {

/// What early stopping has seen.
struct EarlyStoppingState {
  double lowest_loss =
      std::numeric_limits<double>::infinity();  ///< validation loss of any epoch so far
  double highest_accuracy = 0;                  ///< validation accuracy of any epoch so far
  std::int64_t waited = 0;                      ///< epochs since either of them was met or improved
  std::int64_t best_epoch = 0;                  ///< 0: none yet
  LossAndAccuracy best;                         ///< validation at best_epoch

  /// To the bit.
  friend bool operator==(const EarlyStoppingState&, const EarlyStoppingState&) = default;
};

/// The rule of Velickovic et al., "Graph Attention Networks", ICLR 2018, as their code has it:
///
/// - an epoch whose validation loss is at most the lowest and whose accuracy is at least the
/// highest
///   so far is the best one: its parameters are to be kept;
/// - an epoch that meets or improves either of the two starts the waiting anew;
/// - after `patience` epochs in a row that do neither, training stops.
class EarlyStopping {
 public:
  /// @param patience  0: never stops, only tells the best epoch
  /// @throws InvalidArgument  patience below 0
  explicit EarlyStopping(std::int64_t patience);

  /// Takes the validation of an epoch, numbered from 1.
  /// @return whether it is the best so far
  bool observe(std::int64_t epoch, const LossAndAccuracy& validation);

  /// `patience` epochs in a row met neither; never with patience 0.
  [[nodiscard]] bool should_stop() const noexcept {
    return patience_ > 0 && state_.waited >= patience_;
  }

  /// All it knows but the patience.
  [[nodiscard]] const EarlyStoppingState& state() const noexcept { return state_; }
  /// Continues from what state() told.
  void load_state(const EarlyStoppingState& state) noexcept { state_ = state; }

 private:
  std::int64_t patience_;
  EarlyStoppingState state_;
};

}  // namespace attune::train
