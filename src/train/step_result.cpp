#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "train/json_fields.hpp"
#include "train/result_json.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/environment.hpp>
#include <attune/train/step_result.hpp>

namespace attune::train {

using core::text;
using Json = ResultJson;

namespace {

constexpr std::int64_t kMostResultBytes = std::int64_t{1} << 28;

// ---- writing

const double* find_measure(const StepRunResult& run, const std::string& part,
                           const std::string& measure) {
  const auto measures = run.parts.find(part);
  if (measures == run.parts.end()) {
    return nullptr;
  }
  const auto found = measures->second.find(measure);
  return found == measures->second.end() ? nullptr : &found->second;
}

std::optional<Summary> summary_of(const StepExperimentResult& result, const std::string& part,
                                  const std::string& measure) {
  std::vector<double> values;
  for (const StepRunResult& run : result.runs) {
    if (const double* value = find_measure(run, part, measure)) {
      values.push_back(*value);
    }
  }
  return values.empty() ? std::nullopt : std::optional(summarize(values));
}

Json run_json(const StepRunResult& run, const StepExperimentResult& result) {
  Json object = {{"seed", run.seed}};
  if (const double* accuracy = find_measure(run, result.test, "accuracy")) {
    put(object, "test_accuracy", *accuracy);
  }
  if (const double* accuracy = find_measure(run, result.validation, "accuracy")) {
    put(object, "val_accuracy", *accuracy);
  }
  object["best_step"] = run.best_step;
  object["best_epoch"] = run.best_epoch;
  object["steps"] = run.steps;
  object["epochs"] = run.epochs;
  object["stopped_early"] = run.stopped_early;
  put(object, "seconds", run.seconds);
  put(object, "ms_per_step", run.ms_per_step);
  put(object, "ms_per_epoch", run.ms_per_epoch);
  if (run.align_loss) {
    put(object, "align_loss", *run.align_loss);
    object["align_parameters"] = run.align_parameters;
  }
  if (run.mmd) {
    put(object, "mmd", *run.mmd);
  }
  if (run.mmd_median) {
    put(object, "mmd_median", *run.mmd_median);
  }
  object["parts"] = result_json(run.parts);
  object["curve"] = result_json(run.curve);
  put(object, "weights_sha256", run.weights_sha256);
  return object;
}

void put_summaries(Json& object, const StepExperimentResult& result) {
  const std::pair<const char*, std::optional<Summary>> summaries[] = {
      {"score", step_score(result)},
      {"test_accuracy", summary_of(result, result.test, "accuracy")},
      {"val_accuracy", summary_of(result, result.validation, "accuracy")}};
  for (const auto& [name, summary] : summaries) {
    if (summary) {
      object[name] = result_json(*summary);
    }
  }
}

// ---- reading

StepRecord numbers_of(const nlohmann::json& object, const std::string& path) {
  StepRecord numbers;
  for (const auto& item : object.items()) {
    if (!item.value().is_number()) {
      throw FileError(path, text(item.key(), ": expected a number"));
    }
    numbers[item.key()] = item.value().get<double>();
  }
  return numbers;
}

StepRunResult run_of(const nlohmann::json& object, const std::string& path) {
  const JsonFields fields(object, path, "runs");
  StepRunResult run{.seed = fields.natural("seed"), .parts = {}};
  run.best_step = fields.integer("best_step");
  run.best_epoch = fields.integer("best_epoch");
  run.steps = fields.integer("steps");
  run.epochs = fields.integer("epochs");
  run.stopped_early = fields.truth("stopped_early");
  run.seconds = fields.number("seconds");
  run.ms_per_step = fields.number("ms_per_step");
  run.ms_per_epoch = fields.number("ms_per_epoch");
  if (fields.has("align_loss")) {
    run.align_loss = fields.number("align_loss");
    run.align_parameters = fields.integer("align_parameters");
  }
  if (fields.has("mmd")) {
    run.mmd = fields.number("mmd");
  }
  if (fields.has("mmd_median")) {
    run.mmd_median = fields.number("mmd_median");
  }
  run.weights_sha256 = fields.text("weights_sha256");
  (void)fields.object("parts");
  for (const auto& part : object.at("parts").items()) {
    run.parts[part.key()] = numbers_of(part.value(), path);
  }
  (void)fields.objects("curve");
  for (const nlohmann::json& point : object.at("curve")) {
    run.curve.push_back(numbers_of(point, path));
  }
  return run;
}

/// A result file whose form was looked through.
class ResultFile {
 public:
  explicit ResultFile(const std::string& path)
      : path_(path),
        object_(parse_json(core::read_file(path, kMostResultBytes), path)),
        fields_(object_, path) {}

  [[nodiscard]] const JsonFields& fields() const noexcept { return fields_; }

  [[nodiscard]] std::vector<StepRunResult> runs() const {
    (void)fields_.objects("runs");
    std::vector<StepRunResult> all;
    for (const nlohmann::json& run : object_.at("runs")) {
      all.push_back(run_of(run, path_));
    }
    return all;
  }

  void require(const char* name, const std::string& expected) const {
    const std::string found = fields_.has(name) ? fields_.text(name) : std::string();
    if (found != expected) {
      throw FileError(path_, text(name, ": expected ", expected, ", found ", found));
    }
  }

 private:
  std::string path_;
  nlohmann::json object_;
  JsonFields fields_;
};

}  // namespace

std::optional<Summary> step_score(const StepExperimentResult& result) {
  return summary_of(result, result.judged_by(), result.metric);
}

std::string to_json(const StepExperimentResult& result) {
  const Environment environment = current_environment();
  Json object = {{"dataset", result.dataset}, {"model", result.model}, {"align", result.align}};
  put(object, "align_weight", result.align_weight);
  object["threads"] = result.threads;
  object["jobs"] = result.jobs;
  object["version"] = environment.version;
  object["parameters"] = result.parameters;
  put(object, "metric", result.metric);
  put(object, "judged_by", result.judged_by());
  put(object, "validation", result.validation);
  object["held_out"] = result.held_out;
  object["requested_runs"] = result.requested;
  put_summaries(object, result);
  object["runs"] = Json::array();
  for (const StepRunResult& run : result.runs) {
    object["runs"].push_back(run_json(run, result));
  }
  if (result.comparison) {
    object["paired_test"] = result_json(*result.comparison);
  }
  put(object, "dataset_sha256", result.dataset_sha256);
  put(object, "dataset_source", result.dataset_source);
  put(object, "command", result.command);
  object["config"] = result_json(result.config);
  object["environment"] = result_json(environment);
  return dumped(object);
}

std::vector<StepRunResult> read_step_runs(const std::string& path, const Settings& config) {
  const ResultFile file(path);
  try {
    require_same_settings(file.fields().settings("config"), config, "config");
  } catch (const InvalidArgument& error) {
    throw FileError(path, error.what());
  }
  return file.runs();
}

Comparison compare_step_runs(const StepExperimentResult& result, const std::string& path) {
  const ResultFile file(path);
  file.require("dataset", result.dataset);
  file.require("metric", result.metric);
  file.require("judged_by", result.judged_by());
  const std::vector<StepRunResult> others = file.runs();
  std::vector<double> mine;
  std::vector<double> theirs;
  for (const StepRunResult& run : result.runs) {
    const auto other = std::ranges::find(others, run.seed, &StepRunResult::seed);
    const double* own = find_measure(run, result.judged_by(), result.metric);
    const double* their =
        other == others.end() ? nullptr : find_measure(*other, result.judged_by(), result.metric);
    if (own != nullptr && their != nullptr) {
      mine.push_back(*own);
      theirs.push_back(*their);
    }
  }
  if (mine.size() < 2) {
    throw FileError(path, text("expected at least two seeds of this sweep, found ", mine.size()));
  }
  return {.other = path, .test = paired_test(mine, theirs)};
}

}  // namespace attune::train
