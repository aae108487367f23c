#include <iostream>
#include <memory>
#include <vector>

#include "cli/command.hpp"
#include "cli/report.hpp"
#include "cli/saved_model.hpp"
#include "cli/training_options.hpp"
#include <attune/core/parallel.hpp>
#include <attune/train/result.hpp>
#include <attune/train/settings.hpp>

namespace attune::cli {
namespace {

struct EvaluateOptions {
  std::string checkpoint;
  std::string dataset;
  std::string split;
  int ece_bins = 15;
};

int evaluate(const EvaluateOptions& options, const GlobalOptions& global) {
  const SavedModel saved(options.checkpoint, options.dataset, global.data_dir, options.split);
  const data::NodeDataset& dataset = saved.dataset();
  const core::Tensor logits = saved.logits();
  train::EvaluationResult result{.command = global.command_line,
                                 .checkpoint = options.checkpoint,
                                 .dataset = dataset.name,
                                 .dataset_sha256 = dataset.sha256,
                                 .model = train::to_string(saved.model().options().model),
                                 .threads = core::num_threads(),
                                 .ece_bins = options.ece_bins,
                                 .train = {}};
  const auto measure = [&](const std::vector<std::int64_t>& rows) {
    std::optional<train::ClassificationMetrics> metrics;
    if (!rows.empty()) {
      metrics = saved.problem().measure(logits, rows, {.ece_bins = options.ece_bins});
    }
    return metrics;
  };
  result.train = measure(dataset.split.train).value();
  result.validation = measure(dataset.split.validation);
  result.test = measure(dataset.split.test);
  if (!global.quiet) {
    print_metrics(std::cout, "train", result.train, dataset.multi_label());
    print_metrics(std::cout, "validation", result.validation, dataset.multi_label());
    print_metrics(std::cout, "test", result.test, dataset.multi_label());
  }
  if (!global.json.empty()) {
    train::write_evaluation(global.json, result);
  }
  return kSuccess;
}

}  // namespace

void add_evaluate_command(Command app, Action& action) {
  Command command = app.add_subcommand("evaluate", "Measure a saved model");
  const auto options = std::make_shared<EvaluateOptions>();
  command.add_option("--checkpoint", options->checkpoint, "Folder that `train --out` wrote")
      .required()
      .type_name("DIR");
  command
      .add_option("--dataset", options->dataset,
                  "Another data set than it was trained on, with the same features and classes")
      .type_name("NAME");
  add_split_option(command, options->split);
  command.add_option("--ece-bins", options->ece_bins, "Bins of the expected calibration error")
      .type_name("N");
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return evaluate(*options, global); };
  });
}

}  // namespace attune::cli
