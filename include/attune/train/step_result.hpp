#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <attune/train/result.hpp>
#include <attune/train/settings.hpp>
#include <attune/train/statistics.hpp>
#include <attune/train/step_checkpoint.hpp>
#include <attune/train/validated_trainer.hpp>

namespace attune::train {

/// One seed of training in steps.
struct StepRunResult {
  std::uint64_t seed = 0;                 ///< of the head, the order, dropout and alignment
  std::map<std::string, Measures> parts;  ///< of the best parameters, by part
  std::int64_t best_step = 0;             ///< whose parameters were kept
  std::int64_t best_epoch = 0;            ///< in which it was, from 1
  std::int64_t steps = 0;                 ///< that were done
  std::int64_t epochs = 0;                ///< that were begun
  bool stopped_early = false;             ///< patience came to its end
  double seconds = 0;                     ///< of training, validation included
  double ms_per_step = 0;                 ///< median over the steps of this process
  double ms_per_epoch = 0;                ///< that times the steps of an epoch
  std::optional<double> align_loss = {};  ///< at the best step; none: heads were not aligned
  std::int64_t align_parameters = 0;      ///< of the regulariser's networks, for training alone
  std::optional<double> mmd = {};         ///< how far apart queries and keys are at the end
  std::optional<double> mmd_median = {};  ///< the same in units of their median distance
  std::vector<StepRecord> curve = {};     ///< every validation
  std::string weights_sha256 = {};        ///< of the best parameters
  bool interrupted = false;               ///< stopped from outside
};

/// What `text train`, `text sweep`, `vqa train` and `vqa sweep` found.
struct StepExperimentResult {
  std::string command;                                  ///< as it was typed
  Settings config;                                      ///< all options, defaults included
  std::string dataset;                                  ///< name of the task
  std::string dataset_sha256;                           ///< of its files
  std::string dataset_source;                           ///< where they are
  std::string model;                                    ///< folder of the encoder, or its family
  std::string align = "none";                           ///< none, gan, ot, ct or mmd
  double align_weight = 0;                              ///< lambda
  std::int64_t parameters = 0;                          ///< of encoder and head
  std::string metric;                                   ///< that runs are compared by
  std::string validation;                               ///< part that the step was chosen by; empty
  std::string test;                                     ///< part to be judged on; empty: none
  bool held_out = false;                                ///< validation is a share of train
  int threads = 1;                                      ///< of all jobs together
  int jobs = 1;                                         ///< seeds at a time
  std::int64_t requested = 1;                           ///< seeds that were asked for
  std::vector<StepRunResult> runs = {};                 ///< in the order of the seeds
  std::optional<Comparison> comparison = std::nullopt;  ///< with the result that --against names

  /// The part that runs are judged by: test, else validation.
  [[nodiscard]] const std::string& judged_by() const noexcept {
    return test.empty() ? validation : test;
  }
};

/// The metric of the part that runs are judged by; none where no run has it.
[[nodiscard]] std::optional<Summary> step_score(const StepExperimentResult& result);

/// JSON as DESIGN.md and README.md list it. What is missing or not finite is left out.
/// @throws InvalidArgument  a text that is not UTF-8
[[nodiscard]] std::string to_json(const StepExperimentResult& result);

/// Runs of a result that to_json() wrote.
/// @param config  what they must have been run with
/// @throws FileError  no such file, not JSON, not of that form, or another configuration; names
///                    what differs
[[nodiscard]] std::vector<StepRunResult> read_step_runs(const std::string& path,
                                                        const Settings& config);

/// Pairs the runs with those of a result file by their seeds, by metric and part of this result.
/// @throws FileError  no such file, not JSON, not of that form, another task, metric or part, or
///                    fewer than two seeds in both
[[nodiscard]] Comparison compare_step_runs(const StepExperimentResult& result,
                                           const std::string& path);

}  // namespace attune::train
