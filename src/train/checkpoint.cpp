#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "train/checkpoint_json.hpp"
#include "train/state_tensors.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/checkpoint.hpp>
#include <attune/train/safetensors.hpp>

namespace attune::train {

using core::text;
namespace fs = std::filesystem;

namespace {

constexpr const char* kIndex = "checkpoint.json";
constexpr std::int64_t kMostIndexBytes = 1 << 20;

const std::string kParameter = "parameter.";

std::string index_path(const std::string& folder) {
  return (fs::path(folder) / kIndex).string();
}

// ---- saving

Safetensors model_tensors(const TrainerState& state) {
  Safetensors content;
  for (const NamedTensor& named : state.best_parameters) {
    content.tensors.emplace(named.name, named.tensor);
  }
  return content;
}

Safetensors state_tensors(const TrainerState& state) {
  Safetensors content;
  put_tensors(kParameter, state.parameters, content);
  put_optimizer(state.optimizer, content);
  return content;
}

CheckpointFile write_part(const std::string& folder, const char* kind, const std::string& bytes) {
  CheckpointFile file;
  file.sha256 = core::sha256(bytes);
  file.bytes = static_cast<std::int64_t>(bytes.size());
  file.name = checkpoint_file_name(kind, file.sha256);
  core::write_file_atomically((fs::path(folder) / file.name).string(), bytes);
  return file;
}

// Ours, but of a checkpoint that has been replaced, or left behind by a process that was killed.
bool is_stale(const std::string& name, const CheckpointIndex& index) {
  if (name == kIndex || name == index.model.name || name == index.state.name ||
      name == index.curves.name) {
    return false;
  }
  const bool tensors = name.starts_with("model-") || name.starts_with("state-");
  const bool curves = name.starts_with("curves-");
  const bool ours = tensors || curves || name.starts_with(kIndex);
  return (tensors && name.ends_with(".safetensors")) || (curves && name.ends_with(".csv")) ||
         (ours && name.ends_with(".partial"));
}

// What cannot be removed harms nobody: errors are let go.
void remove_stale_files(const std::string& folder, const CheckpointIndex& index) {
  std::vector<fs::path> stale;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (is_stale(at->path().filename().string(), index)) {
      stale.push_back(at->path());
    }
  }
  for (const fs::path& path : stale) {
    fs::remove(path, error);
  }
}

// ---- loading

std::string path_of(const std::string& folder, const CheckpointFile& file) {
  return (fs::path(folder) / file.name).string();
}

std::string read_part(const std::string& folder, const CheckpointFile& file) {
  const std::string path = path_of(folder, file);
  const std::string bytes = core::read_file(path, file.bytes);
  if (static_cast<std::int64_t>(bytes.size()) != file.bytes) {
    throw FileError(
        path, text("expected ", file.bytes, " bytes, as ", kIndex, " says, found ", bytes.size()));
  }
  if (const std::string found = core::sha256(bytes); found != file.sha256) {
    throw FileError(
        path, text("expected SHA-256 ", file.sha256, ", as ", kIndex, " says, found ", found));
  }
  return bytes;
}

Safetensors read_tensors(const std::string& folder, const CheckpointFile& file) {
  return decode_safetensors(read_part(folder, file), path_of(folder, file));
}

std::vector<CurvePoint> read_curves(const std::string& folder, const CheckpointFile& file,
                                    std::int64_t epochs) {
  const std::string path = path_of(folder, file);
  std::vector<CurvePoint> curves = decode_curves(read_part(folder, file), path);
  if (static_cast<std::int64_t>(curves.size()) != epochs) {
    throw FileError(
        path, text("expected ", epochs, " epochs, as ", kIndex, " says, found ", curves.size()));
  }
  return curves;
}

void load_tensors(const std::string& folder, const CheckpointIndex& index, TrainerState& state) {
  const Safetensors model = read_tensors(folder, index.model);
  const Safetensors running = read_tensors(folder, index.state);
  state.best_parameters = tensors_under(model, "");
  state.parameters = tensors_under(running, kParameter);
  state.optimizer = optimizer_in(running, path_of(folder, index.state));
}

}  // namespace

void save_checkpoint(const std::string& folder, const CheckpointDescription& description,
                     const Trainer& trainer) {
  save_checkpoint(folder, {.path = {},
                           .version = {},
                           .description = description,
                           .state = trainer.state(),
                           .finished = trainer.finished()});
}

void save_checkpoint(const std::string& folder, const Checkpoint& checkpoint) {
  const TrainerState& state = checkpoint.state;
  if (state.epoch < 1) {
    throw InvalidArgument("checkpoint: expected at least one epoch to have been run, got none");
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw FileError(folder, text("cannot make the folder: ", error.message()));
  }
  CheckpointIndex index;
  index.description = checkpoint.description;
  index.finished = checkpoint.finished;
  const std::string curves = encode_curves(state.curves);  // both fail before a file is written
  const std::string json_without_files = to_json(index, state);
  index.model = write_part(folder, "model", encode_safetensors(model_tensors(state)));
  index.state = write_part(folder, "state", encode_safetensors(state_tensors(state)));
  index.curves = write_part(folder, "curves", curves);
  core::write_file_atomically(index_path(folder), to_json(index, state));
  remove_stale_files(folder, index);
}

bool has_checkpoint(const std::string& folder) {
  std::error_code error;
  return fs::exists(index_path(folder), error);
}

Checkpoint load_checkpoint(const std::string& folder) {
  Checkpoint checkpoint;
  checkpoint.path = index_path(folder);
  CheckpointIndex index = read_index(core::read_file(checkpoint.path, kMostIndexBytes),
                                     checkpoint.path, checkpoint.state);
  load_tensors(folder, index, checkpoint.state);
  checkpoint.state.curves = read_curves(folder, index.curves, checkpoint.state.epoch);
  checkpoint.version = std::move(index.version);
  checkpoint.description = std::move(index.description);
  checkpoint.finished = index.finished;
  return checkpoint;
}

void resume(Trainer& trainer, const Checkpoint& checkpoint, const CheckpointDescription& now) {
  const CheckpointDescription& then = checkpoint.description;
  try {
    require_same_settings(then.model, now.model, "model");
    require_same_settings(then.dataset, now.dataset, "dataset");
    require_same_settings(then.run, now.run, "run");
    trainer.load_state(checkpoint.state);
  } catch (const InvalidArgument& error) {
    throw FileError(checkpoint.path, error.what());
  } catch (const ShapeError& error) {
    throw FileError(checkpoint.path, error.what());
  }
}

void load_best_parameters(const nn::Module& model, const Checkpoint& checkpoint) {
  try {
    std::vector<nn::NamedParameter> all = model.parameters();
    const std::vector<nn::NamedParameter> buffers = model.buffers();
    all.insert(all.end(), buffers.begin(), buffers.end());
    load_parameters(all, checkpoint.state.best_parameters, "model");
  } catch (const InvalidArgument& error) {
    throw FileError(checkpoint.path, error.what());
  } catch (const ShapeError& error) {
    throw FileError(checkpoint.path, error.what());
  }
}

}  // namespace attune::train
