#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/report.hpp"
#include "cli/saved_model.hpp"

namespace attune::cli {
namespace {

struct EvaluateOptions {
  std::string checkpoint;
  std::string dataset;
  int ece_bins = 15;
};

int evaluate(const EvaluateOptions& options, const GlobalOptions& global) {
  const SavedModel saved(options.checkpoint, options.dataset, global.data_dir);
  const data::NodeDataset& dataset = saved.dataset();
  const core::Tensor logits = saved.logits();
  const auto measure = [&](const std::vector<std::int64_t>& rows) {
    std::optional<train::ClassificationMetrics> metrics;
    if (!rows.empty()) {
      metrics =
          train::evaluate_predictions(logits, dataset.labels, rows, {.ece_bins = options.ece_bins});
    }
    return metrics;
  };
  const auto on_train = measure(dataset.split.train);
  const auto on_validation = measure(dataset.split.validation);
  const auto on_test = measure(dataset.split.test);
  if (!global.quiet) {
    print_metrics(std::cout, "train", on_train);
    print_metrics(std::cout, "validation", on_validation);
    print_metrics(std::cout, "test", on_test);
  }
  return kSuccess;
}

}  // namespace

void add_evaluate_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("evaluate", "Measure a saved model");
  const auto options = std::make_shared<EvaluateOptions>();
  command->add_option("--checkpoint", options->checkpoint, "Folder that `train --out` wrote")
      ->required()
      ->type_name("DIR");
  command
      ->add_option("--dataset", options->dataset,
                   "Another data set than it was trained on, with the same features and classes")
      ->type_name("NAME");
  command->add_option("--ece-bins", options->ece_bins, "Bins of the expected calibration error")
      ->type_name("N");
  command->callback([options, &action] {
    action = [options](const GlobalOptions& global) { return evaluate(*options, global); };
  });
}

}  // namespace attune::cli
