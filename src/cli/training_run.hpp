#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/training_options.hpp"
#include <attune/data/node_dataset.hpp>
#include <attune/train/checkpoint.hpp>
#include <attune/train/fit.hpp>
#include <attune/train/node_classification.hpp>
#include <attune/train/result.hpp>

namespace attune::cli {

/// `cora: 2,708 nodes, 5,278 edges, 1,433 features, 7 classes, 140/500/1,000
/// train/validation/test`.
[[nodiscard]] std::string describe(const data::NodeDataset& dataset);

/// What a checkpoint of such a run says about it.
[[nodiscard]] train::CheckpointDescription description(const TrainingOptions& options,
                                                       const models::GraphClassifierOptions& model,
                                                       const data::NodeDataset& dataset);

/// A result with everything but its runs.
[[nodiscard]] train::ExperimentResult experiment(const TrainingOptions& options,
                                                 const models::GraphClassifierOptions& model,
                                                 const data::NodeDataset& dataset,
                                                 const GlobalOptions& global);

/// The regulariser that the options ask for; null without alignment.
[[nodiscard]] std::unique_ptr<train::AlignmentRegularizer> make_alignment(
    const TrainingOptions& options, const train::NodeClassification& problem);

/// What a caller adds to a run.
struct TrainerSetup {
  std::function<void(train::Trainer&)> prepare = nullptr;  ///< before the first epoch: resume
  train::FitHooks hooks = {};
};

/// Trains one seed, aligned if asked for, and measures it.
[[nodiscard]] train::RunResult run_seed(const TrainingOptions& options,
                                        const models::GraphClassifierOptions& model_options,
                                        const train::NodeClassification& problem,
                                        std::uint64_t seed, const TrainerSetup& setup);

/// 12345 as `12,345`.
[[nodiscard]] std::string with_thousands(std::int64_t number);

/// With `digits` decimals.
[[nodiscard]] std::string fixed(double number, int digits);

}  // namespace attune::cli
