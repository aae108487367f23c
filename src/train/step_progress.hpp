#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/step_checkpoint.hpp>

namespace attune::train {

/// A number that a run goes on from.
/// @throws InvalidArgument  it is missing or of another type
template <class T>
[[nodiscard]] T progress(const StepCheckpoint& checkpoint, const char* name) {
  const auto found = checkpoint.progress.find(name);
  const T* value = found == checkpoint.progress.end() ? nullptr : std::get_if<T>(&found->second);
  if (value == nullptr) {
    throw InvalidArgument(
        core::text("checkpoint: progress.", name, " is missing or of another type"));
  }
  return *value;
}

/// A share of the steps as a number of them.
/// @throws InvalidArgument  the share is outside [0, 1]
[[nodiscard]] inline std::int64_t warmup_steps(double share, std::int64_t total) {
  if (!(share >= 0 && share <= 1)) {
    throw InvalidArgument(core::text("warmup must be a share of the steps in [0, 1], got ", share));
  }
  return std::llround(share * static_cast<double>(total));
}

/// Time since it was made.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace attune::train
