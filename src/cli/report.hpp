#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "cli/training_options.hpp"
#include <attune/data/node_dataset.hpp>
#include <attune/train/metrics.hpp>
#include <attune/train/result.hpp>

namespace attune::cli {

/// `epoch 12/2000  loss 1.2345  validation accuracy 0.7900`; of nodes with several labels micro-F1.
[[nodiscard]] std::string describe(const train::EpochReport& epoch, std::int64_t epochs,
                                   bool multi_label);

/// One line a part: accuracy, macro-F1, negative log-likelihood, calibration error; of nodes with
/// several labels micro-F1 before them.
void print_metrics(std::ostream& out, const char* part,
                   const std::optional<train::ClassificationMetrics>& metrics, bool multi_label);

/// What `train` prints.
void print_run(std::ostream& out, const data::NodeDataset& dataset, const TrainingOptions& options,
               const train::RunResult& run);

}  // namespace attune::cli
