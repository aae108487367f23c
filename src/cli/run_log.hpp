#pragma once

#include <memory>
#include <string>

#include "cli/arguments.hpp"
#include <attune/train/event_file.hpp>
#include <attune/train/result.hpp>
#include <attune/train/trainer.hpp>

namespace attune::cli {

/// Where runs are logged while they go on and when they end; empty: nowhere.
struct LogOptions {
  std::string tensorboard;
  std::string jsonl;
};

void add_log_options(Command command, LogOptions& options);

/// The curves of one run for TensorBoard. Without a folder nothing is written.
class TensorboardLog {
 public:
  explicit TensorboardLog(std::string folder) : folder_(std::move(folder)) {}

  /// @param aligned  whether the report's regulariser is an alignment
  void epoch(const train::EpochReport& report, bool aligned);
  /// What the best parameters are worth, at their epoch.
  void result(const train::FitResult& result);

 private:
  std::string folder_;
  std::unique_ptr<train::EventFile> file_;  // made with the first epoch
};

}  // namespace attune::cli
