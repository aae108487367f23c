#include <algorithm>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/early_stopping.hpp>

namespace attune::train {

EarlyStopping::EarlyStopping(std::int64_t patience) : patience_(patience) {
  if (patience < 0) {
    throw InvalidArgument(
        core::text("early stopping: patience must be at least 0, got ", patience));
  }
}

bool EarlyStopping::observe(std::int64_t epoch, const LossAndAccuracy& validation) {
  const bool loss_holds = validation.loss <= state_.lowest_loss;
  const bool accuracy_holds = validation.accuracy >= state_.highest_accuracy;
  const bool best = loss_holds && accuracy_holds;
  if (best) {
    state_.best_epoch = epoch;
    state_.best = validation;
  }
  state_.waited = loss_holds || accuracy_holds ? 0 : state_.waited + 1;
  state_.lowest_loss = std::min(state_.lowest_loss, validation.loss);
  state_.highest_accuracy = std::max(state_.highest_accuracy, validation.accuracy);
  return best;
}

}  // namespace attune::train
