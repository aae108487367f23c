#pragma once

#include <string>

#include <attune/train/settings.hpp>
#include <attune/train/trainer.hpp>

namespace attune::train {

/// What a run was about, for whoever finds its checkpoint.
struct CheckpointDescription {
  Settings model;    ///< what the model is made from: to_settings()
  Settings dataset;  ///< what it was trained on: name, sha256, ...
  Settings run;      ///< all else that has to be the same when it is continued
};

/// A saved run, as load_checkpoint() found it.
struct Checkpoint {
  std::string path;                   ///< of its checkpoint.json, for messages
  std::string version;                ///< of attune that wrote it
  CheckpointDescription description;  ///< as save_checkpoint() was given it
  TrainerState state;                 ///< tensors of its own
  bool finished = false;              ///< no epoch is left to run
};

/// Saves a run in a folder, which is made if it is missing:
///
///     model-HASH.safetensors  the best parameters, under the names that the model gives them
///     state-HASH.safetensors  the parameters at the last epoch and the moments of Adam
///     curves-HASH.csv         loss, validation and alignment by epoch: encode_curves()
///     checkpoint.json         everything else; names the other three, with size and SHA-256
///
/// HASH is the beginning of the file's SHA-256. The files are written beside, synced and renamed,
/// checkpoint.json last; then those of the checkpoint before are removed. Killed at any moment, the
/// folder holds one whole checkpoint, the old or the new.
/// @throws FileError        the system refuses
/// @throws InvalidArgument  no epoch was run yet; a setting that JSON cannot hold
void save_checkpoint(const std::string& folder, const CheckpointDescription& description,
                     const Trainer& trainer);

/// The same of a run that is there as a checkpoint, such as one that was loaded from elsewhere; its
/// path and version are those of the new one.
/// @throws FileError, InvalidArgument  as above
void save_checkpoint(const std::string& folder, const Checkpoint& checkpoint);

/// Whether the folder holds a checkpoint, whole or damaged.
[[nodiscard]] bool has_checkpoint(const std::string& folder);

/// @throws FileError  there is none, or any of its files is damaged, of another format, or
///                    contradicts the others
[[nodiscard]] Checkpoint load_checkpoint(const std::string& folder);

/// Continues a saved run: `trainer` and `now` must be what they were then.
/// @throws FileError  names the checkpoint and what differs; the trainer is then as it was
void resume(Trainer& trainer, const Checkpoint& checkpoint, const CheckpointDescription& now);

/// Gives the best parameters of a saved run to a model made from its settings.
/// @throws FileError  the model is not that of the checkpoint, and is then as it was
void load_best_parameters(const nn::Module& model, const Checkpoint& checkpoint);

}  // namespace attune::train
