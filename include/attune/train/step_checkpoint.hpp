#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <attune/train/parameter_snapshot.hpp>
#include <attune/train/settings.hpp>
#include <attune/train/step_trainer.hpp>

namespace attune::train {

/// Numbers of one evaluation by name: `step`, `train_loss` and what was measured.
using StepRecord = std::map<std::string, double>;

/// A run of a StepTrainer as it is saved.
struct StepCheckpoint {
  Settings settings;              ///< all that has to be the same when it is continued
  StepState state;                ///< of the trainer
  std::vector<NamedTensor> best;  ///< the best parameters so far; none: not kept
  Settings progress;              ///< whatever else the run goes on from
  std::vector<StepRecord> curve;  ///< evaluations so far
  bool finished = false;          ///< no step is left
};

/// Saves a run in a folder, which is made if it is missing: training-HASH.safetensors and then
/// training.json, which names it; then the file of the checkpoint before is removed. Killed at any
/// moment, the folder holds one whole checkpoint, the old or the new.
/// @throws FileError        the system refuses
/// @throws InvalidArgument  a number that is not finite, or a text that is not UTF-8
void save_step_checkpoint(const std::string& folder, const StepCheckpoint& checkpoint);

/// Whether the folder holds one, whole or damaged.
[[nodiscard]] bool has_step_checkpoint(const std::string& folder);

/// @throws FileError  there is none, it is damaged or of another format
[[nodiscard]] StepCheckpoint load_step_checkpoint(const std::string& folder);

/// @throws FileError  names the checkpoint and the first setting that differs
void require_same_run(const std::string& folder, const StepCheckpoint& checkpoint,
                      const Settings& now);

}  // namespace attune::train
