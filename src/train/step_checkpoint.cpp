#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "train/json_fields.hpp"
#include "train/state_tensors.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/core/version.hpp>
#include <attune/train/safetensors.hpp>
#include <attune/train/step_checkpoint.hpp>

namespace attune::train {

using core::text;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* kIndex = "/training.json";
constexpr const char* kFormat = "attune training on texts";
constexpr std::int64_t kFormatVersion = 1;
constexpr std::int64_t kMostIndexBytes = 64 << 20;
constexpr std::string_view kStem = "training-";

const std::string kParameter = "parameter.";
const std::string kBest = "best.";

// ---- saving

json finite(double value, const std::string& what) {
  if (!std::isfinite(value)) {
    throw InvalidArgument(text("checkpoint: ", what, " is not finite"));
  }
  return value;
}

json to_json(const Settings& settings) {
  json object = json::object();
  for (const auto& [name, setting] : settings) {
    if (const double* number = std::get_if<double>(&setting)) {
      object[name] = finite(*number, name);
    } else {
      std::visit([&, &key = name](const auto& value) { object[key] = value; }, setting);
    }
  }
  return object;
}

json to_json(const std::vector<StepRecord>& curve) {
  json points = json::array();
  for (const StepRecord& record : curve) {
    json numbers = json::object();
    for (const auto& [name, value] : record) {
      numbers[name] = finite(value, name);
    }
    points.push_back({{"numbers", std::move(numbers)}});
  }
  return points;
}

Safetensors tensors_of(const StepCheckpoint& checkpoint) {
  Safetensors content;
  put_tensors(kParameter, checkpoint.state.parameters, content);
  put_tensors(kBest, checkpoint.best, content);
  put_optimizer(checkpoint.state.optimizer, content);
  return content;
}

std::string file_name(const std::string& sha256) {
  return text(kStem, sha256.substr(0, 16), ".safetensors");
}

// Of checkpoints that were replaced, or left behind by a process that was killed.
void remove_stale_files(const std::string& folder, const std::string& kept) {
  std::error_code error;
  std::vector<fs::path> stale;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool ours = name.starts_with(kStem) || name.starts_with("training.json.");
    if (ours && name != kept && (name.ends_with(".safetensors") || name.ends_with(".partial"))) {
      stale.push_back(at->path());
    }
  }
  for (const fs::path& path : stale) {
    fs::remove(path, error);
  }
}

// ---- loading

std::vector<StepRecord> curve_of(const JsonFields& top, const std::string& path) {
  std::vector<StepRecord> curve;
  for (const JsonFields& point : top.objects("curve")) {
    StepRecord record;
    for (const auto& [name, value] : point.settings("numbers")) {
      if (const double* number = std::get_if<double>(&value)) {
        record[name] = *number;
      } else {
        throw FileError(
            path, text("curve: expected numbers with a decimal point, found ", to_string(value)));
      }
    }
    curve.push_back(std::move(record));
  }
  return curve;
}

// The name is made from the digest, never taken from the file: it cannot lead out of the folder.
Safetensors read_tensors(const std::string& folder, const JsonFields& file,
                         const std::string& index) {
  const std::string sha256 = file.text("sha256");
  const bool hexadecimal = std::ranges::all_of(
      sha256, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (sha256.size() != 64 || !hexadecimal) {
    throw FileError(index, "file.sha256: expected 64 hexadecimal digits");
  }
  const std::string path = (fs::path(folder) / file_name(sha256)).string();
  const std::string bytes = core::read_file(path, file.integer("bytes"));
  if (core::sha256(bytes) != sha256) {
    throw FileError(path, text("expected SHA-256 ", sha256, ", as training.json says, found ",
                               core::sha256(bytes)));
  }
  return decode_safetensors(bytes, path);
}

}  // namespace

void save_step_checkpoint(const std::string& folder, const StepCheckpoint& checkpoint) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw FileError(folder, text("cannot make the folder: ", error.message()));
  }
  const std::string tensors = encode_safetensors(tensors_of(checkpoint));
  const std::string sha256 = core::sha256(tensors);
  const json index = {{"format", kFormat},
                      {"format_version", kFormatVersion},
                      {"version", ATTUNE_VERSION},
                      {"step", checkpoint.state.step},
                      {"finished", checkpoint.finished},
                      {"settings", to_json(checkpoint.settings)},
                      {"progress", to_json(checkpoint.progress)},
                      {"curve", to_json(checkpoint.curve)},
                      {"file", {{"bytes", tensors.size()}, {"sha256", sha256}}}};
  std::string encoded;
  try {
    encoded = index.dump(2) + "\n";
  } catch (const json::type_error& wrong) {
    throw InvalidArgument(text("checkpoint: a setting is not UTF-8: ", wrong.what()));
  }
  const std::string name = file_name(sha256);
  core::write_file_atomically((fs::path(folder) / name).string(), tensors);
  core::write_file_atomically(folder + kIndex, encoded);
  remove_stale_files(folder, name);
}

bool has_step_checkpoint(const std::string& folder) {
  std::error_code error;
  return fs::exists(folder + kIndex, error);
}

StepCheckpoint load_step_checkpoint(const std::string& folder) {
  const std::string path = folder + kIndex;
  const json object = parse_json(core::read_file(path, kMostIndexBytes), path);
  const JsonFields top(object, path);
  if (top.text("format") != kFormat || top.integer("format_version") != kFormatVersion) {
    throw FileError(path, text("expected the format ", kFormat, " ", kFormatVersion));
  }
  StepCheckpoint checkpoint;
  checkpoint.settings = top.settings("settings");
  checkpoint.progress = top.settings("progress");
  checkpoint.curve = curve_of(top, path);
  checkpoint.finished = top.truth("finished");
  const Safetensors content = read_tensors(folder, top.object("file"), path);
  checkpoint.state.step = top.integer("step");
  checkpoint.state.parameters = tensors_under(content, kParameter);
  checkpoint.state.optimizer = optimizer_in(content, path);
  checkpoint.best = tensors_under(content, kBest);
  return checkpoint;
}

void require_same_run(const std::string& folder, const StepCheckpoint& checkpoint,
                      const Settings& now) {
  try {
    require_same_settings(checkpoint.settings, now, "run");
  } catch (const InvalidArgument& error) {
    throw FileError(folder + kIndex, error.what());
  }
}

}  // namespace attune::train
