#pragma once

#include <cstdint>
#include <string>

#include <attune/train/checkpoint.hpp>

namespace attune::train {

/// A file as checkpoint.json names it.
struct CheckpointFile {
  std::string name;
  std::int64_t bytes = 0;
  std::string sha256;
};

/// checkpoint.json, but for what it says of the TrainerState.
struct CheckpointIndex {
  std::string version;  ///< of attune that wrote it
  CheckpointDescription description;
  bool finished = false;
  CheckpointFile model;
  CheckpointFile state;
  CheckpointFile curves;
};

/// `model-0123456789abcdef.safetensors`; of the kind `curves` it ends in `.csv`.
[[nodiscard]] std::string checkpoint_file_name(const std::string& kind, const std::string& sha256);

/// @throws InvalidArgument  a number that is not finite, or a text that is not UTF-8
[[nodiscard]] std::string to_json(const CheckpointIndex& index, const TrainerState& state);

/// Reads what to_json wrote; fills `state` but for its tensors and curves.
/// @throws FileError
[[nodiscard]] CheckpointIndex read_index(const std::string& bytes, const std::string& path,
                                         TrainerState& state);

}  // namespace attune::train
