#pragma once

#include <cstdint>

namespace attune::optim {

/// A learning rate that rises in a straight line over the first steps and falls to zero in one over
/// the others, as transformers are fine-tuned.
class LinearSchedule {
 public:
  /// @param peak    the learning rate at the end of the warm-up
  /// @param warmup  steps that it rises over, 0 to total
  /// @param total   steps of the whole training, at least 1
  /// @throws InvalidArgument  a number outside its range
  LinearSchedule(double peak, std::int64_t warmup, std::int64_t total);

  /// Of step 1 to total: peak step / warmup up to warmup, then
  /// peak (total + 1 - step) / (total + 1 - warmup), which is above zero to the end. Zero beyond.
  [[nodiscard]] double learning_rate(std::int64_t step) const noexcept;

 private:
  double peak_;
  std::int64_t warmup_;
  std::int64_t total_;
};

}  // namespace attune::optim
