#include "cli/run_log.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace attune::cli {
namespace {

void put(std::vector<train::Scalar>& scalars, std::string_view tag,
         const std::optional<train::ClassificationMetrics>& metrics) {
  if (metrics) {
    scalars.push_back({tag, metrics->accuracy});
  }
}

}  // namespace

void add_log_options(Command command, LogOptions& options) {
  const std::string group = "Logs";
  command
      .add_option("--tensorboard", options.tensorboard,
                  "Write losses, accuracies and learning rate of every epoch to this folder, for "
                  "TensorBoard")
      .type_name("DIR")
      .group(group);
  command
      .add_option("--jsonl", options.jsonl,
                  "Append the result of every run to this file, a line of JSON each")
      .type_name("FILE")
      .group(group);
}

void TensorboardLog::epoch(const train::EpochReport& report, bool aligned) {
  if (folder_.empty()) {
    return;
  }
  if (!file_) {
    file_ = std::make_unique<train::EventFile>(folder_, report.epoch);
  }
  std::vector<train::Scalar> scalars{{"loss/train", report.train_loss},
                                     {"learning_rate", report.learning_rate}};
  if (report.validation) {
    scalars.push_back({"loss/validation", report.validation->loss});
    scalars.push_back({"accuracy/validation", report.validation->accuracy});
  }
  if (aligned) {
    scalars.push_back({"loss/align", report.regularizer});
  }
  file_->add(report.epoch, scalars);
}

void TensorboardLog::result(const train::FitResult& result) {
  if (!file_) {
    return;
  }
  std::vector<train::Scalar> scalars;
  put(scalars, "best/train_accuracy", result.train);
  put(scalars, "best/validation_accuracy", result.validation);
  put(scalars, "best/test_accuracy", result.test);
  file_->add(result.best_epoch, scalars);
  file_->flush();
}

}  // namespace attune::cli
