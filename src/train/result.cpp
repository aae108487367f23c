#include <algorithm>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "train/append_line.hpp"
#include "train/json_fields.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/environment.hpp>
#include <attune/train/result.hpp>

namespace attune::train {

using core::text;
// Keys stay in the order in which a reader wants them.
using Json = nlohmann::ordered_json;

namespace {

constexpr std::int64_t kMostResultBytes = std::int64_t{1} << 28;

// NaN and infinity would be written as null.
void put(Json& object, const char* key, double value) {
  if (std::isfinite(value)) {
    object[key] = value;
  }
}

void put(Json& object, const char* key, const std::string& value) {
  if (!value.empty()) {
    object[key] = value;
  }
}

Json to_json(const Interval& interval) {
  return Json::array({interval.low, interval.high});
}

Json to_json(const ClassificationMetrics& metrics) {
  Json object = Json::object();
  put(object, "accuracy", metrics.accuracy);
  put(object, "macro_f1", metrics.macro_f1);
  put(object, "micro_f1", metrics.micro_f1);
  put(object, "nll", metrics.nll);
  put(object, "brier", metrics.brier);
  put(object, "ece", metrics.ece);
  if (metrics.roc_auc) {
    put(object, "roc_auc", *metrics.roc_auc);
  }
  return object;
}

void put(Json& object, const char* key, const std::optional<ClassificationMetrics>& metrics) {
  if (metrics) {
    object[key] = to_json(*metrics);
  }
}

Json to_json(const Settings& settings) {
  Json object = Json::object();
  for (const auto& [name, setting] : settings) {
    if (const double* number = std::get_if<double>(&setting)) {
      put(object, name.c_str(), *number);
    } else {
      std::visit([&, &key = name](const auto& value) { object[key] = value; }, setting);
    }
  }
  return object;
}

Json to_json(const RunResult& run) {
  Json object = {{"seed", run.seed}};
  put(object, "split", run.split);
  if (run.fit.test) {
    put(object, "test_accuracy", run.fit.test->accuracy);
  }
  if (run.fit.validation) {
    put(object, "val_accuracy", run.fit.validation->accuracy);
    put(object, "val_loss", run.fit.validation->nll);
  }
  object["best_epoch"] = run.fit.best_epoch;
  object["epochs"] = run.fit.epochs;
  put(object, "seconds", run.fit.seconds);
  put(object, "ms_per_epoch", run.fit.ms_per_epoch);
  put(object, "align_loss", run.fit.regularizer);
  if (run.mmd) {
    put(object, "mmd", *run.mmd);
  }
  put(object, "test", run.fit.test);
  put(object, "validation", run.fit.validation);
  put(object, "train", run.fit.train);
  put(object, "weights_sha256", run.fit.weights_sha256);
  return object;
}

Json to_json(const Summary& summary) {
  return {{"mean", summary.mean},         {"std", summary.std}, {"n", summary.n},
          {"median", summary.median},     {"min", summary.min}, {"max", summary.max},
          {"ci95", to_json(summary.ci95)}};
}

Json to_json(const Comparison& comparison) {
  const PairedTest& test = comparison.test;
  return {
      {"other", comparison.other},  {"n", test.n},     {"mean_difference", test.mean_difference},
      {"ci95", to_json(test.ci95)}, {"p_t", test.p_t}, {"p_wilcoxon", test.p_wilcoxon}};
}

Json to_json(const Environment& environment) {
  Json object = Json::object();
  put(object, "cpu", environment.cpu);
  put(object, "isa", environment.isa);
  object["cores"] = environment.cores;
  object["peak_rss_bytes"] = environment.peak_rss_bytes;
  object["libraries"] = environment.libraries;
  return object;
}

constexpr int kOneLine = -1;

std::string dumped(const Json& object, int indent = 2) {
  try {
    return object.dump(indent);
  } catch (const Json::type_error& error) {
    throw InvalidArgument(text("result: a text is not UTF-8: ", error.what()));
  }
}

}  // namespace

std::optional<Summary> test_accuracy(std::span<const RunResult> runs) {
  std::vector<double> accuracies;
  for (const RunResult& run : runs) {
    if (run.fit.test) {
      accuracies.push_back(run.fit.test->accuracy);
    }
  }
  return accuracies.empty() ? std::nullopt : std::optional(summarize(accuracies));
}

std::optional<Summary> test_roc_auc(std::span<const RunResult> runs) {
  std::vector<double> areas;
  for (const RunResult& run : runs) {
    if (run.fit.test && run.fit.test->roc_auc) {
      areas.push_back(*run.fit.test->roc_auc);
    }
  }
  return areas.empty() ? std::nullopt : std::optional(summarize(areas));
}

std::optional<Summary> test_micro_f1(std::span<const RunResult> runs) {
  std::vector<double> scores;
  for (const RunResult& run : runs) {
    if (run.fit.test) {
      scores.push_back(run.fit.test->micro_f1);
    }
  }
  return scores.empty() ? std::nullopt : std::optional(summarize(scores));
}

std::string to_json(const ExperimentResult& result) {
  const Environment environment = current_environment();
  Json object = {{"dataset", result.dataset}, {"model", result.model}, {"align", result.align}};
  put(object, "align_weight", result.align_weight);
  object["threads"] = result.threads;
  object["jobs"] = result.jobs;
  object["version"] = environment.version;
  if (const std::optional<Summary> summary = test_accuracy(result.runs)) {
    object["test_accuracy"] = to_json(*summary);
  }
  if (const std::optional<Summary> summary = test_roc_auc(result.runs)) {
    object["test_roc_auc"] = to_json(*summary);
  }
  if (result.multi_label) {
    if (const std::optional<Summary> summary = test_micro_f1(result.runs)) {
      object["test_micro_f1"] = to_json(*summary);
    }
  }
  object["runs"] = Json::array();
  for (const RunResult& run : result.runs) {
    object["runs"].push_back(to_json(run));
  }
  if (result.comparison) {
    object["paired_test"] = to_json(*result.comparison);
  }
  put(object, "dataset_sha256", result.dataset_sha256);
  put(object, "dataset_source", result.dataset_source);
  put(object, "command", result.command);
  object["config"] = to_json(result.config);
  object["environment"] = to_json(environment);
  return dumped(object) + "\n";
}

std::string to_json(const EvaluationResult& result) {
  const Environment environment = current_environment();
  Json object = {{"dataset", result.dataset}, {"model", result.model}};
  object["threads"] = result.threads;
  object["version"] = environment.version;
  if (result.test) {
    put(object, "test_accuracy", result.test->accuracy);
  }
  if (result.validation) {
    put(object, "val_accuracy", result.validation->accuracy);
  }
  object["ece_bins"] = result.ece_bins;
  put(object, "test", result.test);
  put(object, "validation", result.validation);
  object["train"] = to_json(result.train);
  put(object, "checkpoint", result.checkpoint);
  put(object, "dataset_sha256", result.dataset_sha256);
  put(object, "command", result.command);
  object["environment"] = to_json(environment);
  return dumped(object) + "\n";
}

void write_result(const std::string& path, const ExperimentResult& result) {
  core::write_file_atomically(path, to_json(result));
}

void write_evaluation(const std::string& path, const EvaluationResult& result) {
  core::write_file_atomically(path, to_json(result));
}

std::string to_json_line(const ExperimentResult& about, const RunResult& run) {
  Json object = {{"dataset", about.dataset}, {"model", about.model}, {"align", about.align}};
  put(object, "align_weight", about.align_weight);
  object.update(to_json(run));
  object["threads"] = about.threads;
  object["version"] = current_environment().version;
  put(object, "dataset_sha256", about.dataset_sha256);
  put(object, "command", about.command);
  object["config"] = to_json(about.config);
  return dumped(object, kOneLine);
}

void append_run(const std::string& path, const ExperimentResult& about, const RunResult& run) {
  append_line(path, to_json_line(about, run));
}

void require_appendable(const std::string& path) {
  append_line(path, {});
}

std::vector<SeedAccuracy> read_test_accuracies(const std::string& path) {
  const nlohmann::json object = parse_json(core::read_file(path, kMostResultBytes), path);
  std::vector<SeedAccuracy> accuracies;
  for (const JsonFields& run : JsonFields(object, path).objects("runs")) {
    if (run.has("test_accuracy")) {
      accuracies.push_back({run.natural("seed"), run.number("test_accuracy"),
                            run.has("split") ? run.text("split") : std::string()});
    }
  }
  return accuracies;
}

Comparison compare_with(std::span<const RunResult> runs, const std::string& path) {
  const std::vector<SeedAccuracy> others = read_test_accuracies(path);
  std::vector<double> mine;
  std::vector<double> theirs;
  for (const RunResult& run : runs) {
    const auto other = std::ranges::find(others, run.seed, &SeedAccuracy::seed);
    if (run.fit.test && other != others.end()) {
      if (!run.split.empty() && !other->split.empty() && run.split != other->split) {
        throw FileError(path, text("seed ", run.seed, ": expected split ", run.split,
                                   " as in this sweep, found ", other->split));
      }
      mine.push_back(run.fit.test->accuracy);
      theirs.push_back(other->test_accuracy);
    }
  }
  if (mine.size() < 2) {
    throw FileError(path, text("expected at least two seeds of this sweep, found ", mine.size()));
  }
  return {.other = path, .test = paired_test(mine, theirs)};
}

}  // namespace attune::train
