#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <attune/train/metrics.hpp>
#include <attune/train/settings.hpp>
#include <attune/train/statistics.hpp>
#include <attune/train/trainer.hpp>

namespace attune::train {

/// One seed.
struct RunResult {
  std::uint64_t seed = 0;                    ///< of initialisation, dropout and alignment
  FitResult fit;                             ///< how training went
  std::optional<double> mmd = std::nullopt;  ///< how far apart queries and keys are, where measured
  std::string split = {};                    ///< of the data set, as NodeDataset::split_name
};

/// Accuracies of the same seeds in another result.
struct Comparison {
  std::string other;  ///< file it was read from
  PairedTest test;    ///< of this minus the other
};

/// What `train` and `sweep` found.
struct ExperimentResult {
  std::string command;                                  ///< as it was typed
  Settings config;                                      ///< all options, defaults included
  std::string dataset;                                  ///< name, as it was asked for
  std::string dataset_sha256;                           ///< NodeDataset::sha256
  std::string dataset_source;                           ///< NodeDataset::source
  std::string model;                                    ///< as train::graph_model() has it
  std::string align = "none";                           ///< none, gan, ot, ct or mmd
  double align_weight = 0;                              ///< lambda
  bool multi_label = false;                             ///< NodeDataset::multi_label()
  int threads = 1;                                      ///< of all jobs together
  int jobs = 1;                                         ///< seeds at a time
  std::vector<RunResult> runs;                          ///< in the order of the seeds
  std::optional<Comparison> comparison = std::nullopt;  ///< with the result that --against names
};

/// What `evaluate` found.
struct EvaluationResult {
  std::string command;                       ///< as it was typed
  std::string checkpoint;                    ///< folder of the run
  std::string dataset;                       ///< name, as it was asked for
  std::string dataset_sha256;                ///< NodeDataset::sha256
  std::string model;                         ///< as train::graph_model() has it
  int threads = 1;                           ///< that it was computed on
  int ece_bins = MetricsOptions().ece_bins;  ///< of the expected calibration errors
  ClassificationMetrics train;               ///< of the training nodes
  std::optional<ClassificationMetrics> validation =
      std::nullopt;                                          ///< none: the split has no such nodes
  std::optional<ClassificationMetrics> test = std::nullopt;  ///< none: the split has no such nodes
};

/// Mean, deviation and so on of the test accuracies; none where no run has one.
[[nodiscard]] std::optional<Summary> test_accuracy(std::span<const RunResult> runs);

/// The same of the areas under the ROC curve, which only data sets of two classes have.
[[nodiscard]] std::optional<Summary> test_roc_auc(std::span<const RunResult> runs);

/// The same of the micro-F1, which tells more than the accuracy where nodes have several labels.
[[nodiscard]] std::optional<Summary> test_micro_f1(std::span<const RunResult> runs);

/// JSON with the keys that DESIGN.md and README.md list, indented, the same text for the same
/// result. What is missing or not finite is left out; null never appears.
/// @throws InvalidArgument  a text that is not UTF-8
[[nodiscard]] std::string to_json(const ExperimentResult& result);
/// The same of an evaluation.
[[nodiscard]] std::string to_json(const EvaluationResult& result);

/// Replaces the file as a whole.
/// @throws FileError, InvalidArgument
void write_result(const std::string& path, const ExperimentResult& result);
/// As write_result().
void write_evaluation(const std::string& path, const EvaluationResult& result);

/// One run as a line of JSON, without its end: the keys of a run, and beside them those that say
/// what it was, from `dataset` to `config`.
/// @param about  whose runs are not looked at
/// @throws InvalidArgument  a text that is not UTF-8
[[nodiscard]] std::string to_json_line(const ExperimentResult& about, const RunResult& run);

/// Adds that line to a file, which is made if it is missing; processes may share it.
/// @throws FileError, InvalidArgument
void append_run(const std::string& path, const ExperimentResult& about, const RunResult& run);

/// Finds out, before the work, whether append_run() could write there. Makes the file.
/// @throws FileError  it could not
void require_appendable(const std::string& path);

/// One run of a result file.
struct SeedAccuracy {
  std::uint64_t seed = 0;    ///< of the run
  double test_accuracy = 0;  ///< as a fraction
  std::string split = {};    ///< empty where the file does not say
};

/// Seeds and test accuracies of a result that write_result() wrote; runs without one are left out.
/// @throws FileError  no such file, not JSON, or not of that form
[[nodiscard]] std::vector<SeedAccuracy> read_test_accuracies(const std::string& path);

/// Pairs the runs with those of a result file by their seeds.
/// @throws FileError  as read_test_accuracies; fewer than two seeds are in both; or a seed was
/// judged
///                    on another split
[[nodiscard]] Comparison compare_with(std::span<const RunResult> runs, const std::string& path);

}  // namespace attune::train
