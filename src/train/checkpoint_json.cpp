#include "train/checkpoint_json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "train/abbreviated.hpp"
#include "train/json_fields.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/core/version.hpp>

namespace attune::train {

using core::text;
using nlohmann::json;

namespace {

constexpr const char* kFormat = "attune checkpoint";
constexpr std::int64_t kFormatVersion = 2;

json finite(double value, const char* what) {
  if (!std::isfinite(value)) {
    throw InvalidArgument(text("checkpoint: ", what, " is not finite"));
  }
  return value;
}

json to_json(const Settings& settings) {
  json object = json::object();
  for (const auto& [name, setting] : settings) {
    if (const double* number = std::get_if<double>(&setting)) {
      object[name] = finite(*number, name.c_str());
    } else {
      std::visit([&, &key = name](const auto& value) { object[key] = value; }, setting);
    }
  }
  return object;
}

json to_json(const optim::ScheduleOptions& schedule) {
  return {{"kind", to_string(schedule.kind)},
          {"warmup", schedule.warmup},
          {"total", schedule.total},
          {"step_size", schedule.step_size},
          {"gamma", finite(schedule.gamma, "schedule.gamma")},
          {"patience", schedule.patience},
          {"minimum", finite(schedule.minimum, "schedule.minimum")}};
}

optim::ScheduleOptions schedule_options(const JsonFields& fields, const std::string& path) {
  const std::string kind = fields.text("kind");
  try {
    return {.kind = optim::schedule_kind(abbreviated(kind)),
            .warmup = fields.integer("warmup"),
            .total = fields.integer("total"),
            .step_size = fields.integer("step_size"),
            .gamma = fields.number("gamma"),
            .patience = fields.integer("patience"),
            .minimum = fields.number("minimum")};
  } catch (const InvalidArgument& error) {
    throw FileError(path, text("fit.schedule: ", error.what()));
  }
}

// What a run does without stands nowhere: files of runs without it read as they always did.
json to_json(const FitOptions& options) {
  json object = {{"epochs", options.epochs},
                 {"patience", options.patience},
                 {"learning_rate", finite(options.learning_rate, "learning_rate")},
                 {"weight_decay", finite(options.weight_decay, "weight_decay")},
                 {"max_gradient_norm", finite(options.max_gradient_norm, "max_gradient_norm")},
                 {"seed", options.seed}};
  if (options.label_smoothing != 0) {
    object["label_smoothing"] = finite(options.label_smoothing, "label_smoothing");
  }
  if (options.schedule != optim::ScheduleOptions()) {
    object["schedule"] = to_json(options.schedule);
  }
  return object;
}

FitOptions fit_options(const JsonFields& fields, const std::string& path) {
  return {.epochs = fields.integer("epochs"),
          .patience = fields.integer("patience"),
          .learning_rate = fields.number("learning_rate"),
          .weight_decay = fields.number("weight_decay"),
          .max_gradient_norm = fields.number("max_gradient_norm"),
          .seed = fields.natural("seed"),
          .label_smoothing = fields.has("label_smoothing") ? fields.number("label_smoothing") : 0,
          .schedule = fields.has("schedule") ? schedule_options(fields.object("schedule"), path)
                                             : optim::ScheduleOptions()};
}

// A loss that was never measured is infinite, which JSON cannot say: it is left out.
json to_json(const EarlyStoppingState& state) {
  json object = {{"highest_accuracy", finite(state.highest_accuracy, "highest_accuracy")},
                 {"waited", state.waited},
                 {"best_epoch", state.best_epoch},
                 {"best_loss", finite(state.best.loss, "best_loss")},
                 {"best_accuracy", finite(state.best.accuracy, "best_accuracy")}};
  if (std::isfinite(state.lowest_loss)) {
    object["lowest_loss"] = state.lowest_loss;
  }
  return object;
}

EarlyStoppingState early_stopping(const JsonFields& fields) {
  return {.lowest_loss = fields.has("lowest_loss") ? fields.number("lowest_loss")
                                                   : std::numeric_limits<double>::infinity(),
          .highest_accuracy = fields.number("highest_accuracy"),
          .waited = fields.integer("waited"),
          .best_epoch = fields.integer("best_epoch"),
          .best = {.loss = fields.number("best_loss"), .accuracy = fields.number("best_accuracy")}};
}

json to_json(const CheckpointFile& file) {
  return {{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}};
}

// The name is made from the digest, never taken from the file: it cannot lead out of the folder.
CheckpointFile checkpoint_file(const JsonFields& fields, const std::string& kind,
                               const std::string& path) {
  CheckpointFile file{.name = fields.text("name"),
                      .bytes = fields.integer("bytes"),
                      .sha256 = fields.text("sha256")};
  const bool hexadecimal = std::ranges::all_of(
      file.sha256, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (file.sha256.size() != 64 || !hexadecimal) {
    throw FileError(path, text("files.", kind, ".sha256: expected 64 hexadecimal digits, found ",
                               abbreviated(file.sha256)));
  }
  if (const std::string expected = checkpoint_file_name(kind, file.sha256); file.name != expected) {
    throw FileError(path, text("files.", kind, ".name: expected ", expected, ", found ",
                               abbreviated(file.name)));
  }
  return file;
}

void require_format(const JsonFields& top, const std::string& path) {
  if (const std::string format = top.text("format"); format != kFormat) {
    throw FileError(path, text("expected the format ", kFormat, ", found ", abbreviated(format)));
  }
  if (const std::int64_t version = top.integer("format_version"); version != kFormatVersion) {
    throw FileError(path, text("expected format_version ", kFormatVersion, ", found ", version));
  }
}

}  // namespace

std::string checkpoint_file_name(const std::string& kind, const std::string& sha256) {
  return text(kind, "-", sha256.substr(0, 16), kind == "curves" ? ".csv" : ".safetensors");
}

std::string to_json(const CheckpointIndex& index, const TrainerState& state) {
  const json object = {{"format", kFormat},
                       {"format_version", kFormatVersion},
                       {"version", ATTUNE_VERSION},
                       {"model", to_json(index.description.model)},
                       {"dataset", to_json(index.description.dataset)},
                       {"run", to_json(index.description.run)},
                       {"fit", to_json(state.options)},
                       {"progress",
                        {{"epoch", state.epoch},
                         {"finished", index.finished},
                         {"seconds", finite(state.seconds, "seconds")},
                         {"best_regularizer", finite(state.best_regularizer, "best_regularizer")},
                         {"early_stopping", to_json(state.early_stopping)}}},
                       {"files",
                        {{"model", to_json(index.model)},
                         {"state", to_json(index.state)},
                         {"curves", to_json(index.curves)}}}};
  try {
    return object.dump(2) + "\n";
  } catch (const json::type_error& error) {
    throw InvalidArgument(text("checkpoint: a setting is not UTF-8: ", error.what()));
  }
}

CheckpointIndex read_index(const std::string& bytes, const std::string& path, TrainerState& state) {
  const json object = parse_json(bytes, path);
  const JsonFields top(object, path);
  require_format(top, path);
  const JsonFields progress = top.object("progress");
  state.options = fit_options(top.object("fit"), path);
  state.epoch = progress.integer("epoch");
  state.seconds = progress.number("seconds");
  state.best_regularizer = progress.number("best_regularizer");
  state.early_stopping = early_stopping(progress.object("early_stopping"));
  const JsonFields files = top.object("files");
  return {.version = top.text("version"),
          .description = {.model = top.settings("model"),
                          .dataset = top.settings("dataset"),
                          .run = top.settings("run")},
          .finished = progress.truth("finished"),
          .model = checkpoint_file(files.object("model"), "model", path),
          .state = checkpoint_file(files.object("state"), "state", path),
          .curves = checkpoint_file(files.object("curves"), "curves", path)};
}

}  // namespace attune::train
