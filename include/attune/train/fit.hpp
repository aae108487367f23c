#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include <attune/train/trainer.hpp>

namespace attune::train {

/// What happens around the epochs of a run. All of it is optional.
struct FitHooks {
  std::function<void(const EpochReport&)> observer = nullptr;  ///< after every epoch
  const std::atomic<bool>* stop = nullptr;  ///< set from anywhere: the run ends with its epoch
  std::function<void(const Trainer&)> save = nullptr;  ///< between epochs; save_checkpoint(), say
  std::int64_t save_every = 0;  ///< epochs; 0: only when the run ends or is stopped
};

/// Runs the epochs that are left, then measures the best parameters, which the model then has. All
/// loops inside run in one arena of core::num_threads() threads.
/// @throws InvalidArgument  save_every below 0
/// @throws Error            whatever the Trainer or a hook throws
FitResult fit(Trainer& trainer, const FitHooks& hooks = {});

}  // namespace attune::train
