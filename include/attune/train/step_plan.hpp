#pragma once

#include <cstdint>
#include <vector>

namespace attune::train {

/// How many steps there are and how large they are.
struct StepPlanOptions {
  std::int64_t epochs = 1;           ///< over all items
  std::int64_t steps = 0;            ///< instead of epochs; 0: epochs
  std::int64_t batch_size = 32;      ///< items
  std::int64_t accumulate = 1;       ///< batches a step
  std::int64_t bucket_batches = 50;  ///< as data::BatchPlanOptions
  std::uint64_t seed = 0;            ///< of the order
};

/// Which items each step of a training run sees: a function of the options and the step's number,
/// so that a run can go on from any step.
class StepPlan {
 public:
  using Batches = std::vector<std::vector<std::int64_t>>;  ///< items of each batch of a step

  /// @param lengths  tokens of each item
  /// @throws InvalidArgument  no item, or an option out of its range
  StepPlan(std::vector<std::int64_t> lengths, const StepPlanOptions& options);

  /// In all.
  [[nodiscard]] std::int64_t total_steps() const noexcept { return total_steps_; }
  /// The last of an epoch may have fewer batches.
  [[nodiscard]] std::int64_t steps_per_epoch() const noexcept { return steps_per_epoch_; }
  /// Batches of a step, from 1 to total_steps().
  [[nodiscard]] Batches batches(std::int64_t step);

 private:
  std::vector<std::int64_t> lengths_;
  StepPlanOptions options_;
  std::int64_t steps_per_epoch_ = 0;
  std::int64_t total_steps_ = 0;
  std::int64_t epoch_ = -1;  // that is planned
  Batches planned_;
};

}  // namespace attune::train
