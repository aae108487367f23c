#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/saved_model.hpp"
#include "cli/tables.hpp"
#include <attune/train/result.hpp>

namespace attune::cli {
namespace {

struct EvaluateOptions {
  std::string checkpoint;
  std::string dataset;
  int ece_bins = 15;
};

int evaluate(const EvaluateOptions& options, const GlobalOptions& global) {
  const SavedModel saved = load_saved_model(options.checkpoint, options.dataset, global.data_dir);
  const core::Tensor logits = saved.logits();
  const train::MetricsOptions metrics{.ece_bins = options.ece_bins};
  train::EvaluationResult result;
  result.dataset = saved.dataset.name;
  result.dataset_sha256 = saved.dataset.sha256;
  const data::NodeSplit& split = saved.dataset.split;
  const auto measure = [&](std::span<const std::int64_t> rows) {
    return train::evaluate_predictions(logits, saved.dataset.labels, rows, metrics);
  };
  result.train = measure(split.train);
  if (!split.validation.empty()) {
    result.validation = measure(split.validation);
  }
  if (!split.test.empty()) {
    result.test = measure(split.test);
  }
  if (!global.quiet) {
    print_metrics(std::cout, result.train, result.validation, result.test);
  }
  if (!global.json.empty()) {
    train::write_evaluation(global.json, result);
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
