#include <iostream>
#include <memory>

#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/training_run.hpp"
#include "cli/vqa_command.hpp"
#include "cli/vqa_run.hpp"
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/saved_vqa.hpp>

namespace attune::cli {
namespace {

using core::text;

struct VqaTrainOptions {
  VqaTrainingOptions training;
  CheckpointFlags checkpoints;
};

// Saves the model at the end.
VqaFinish finish(const VqaTrainOptions& options, const train::VqaProblem& problem,
                 const train::Settings& settings) {
  if (options.checkpoints.folder().empty()) {
    return nullptr;
  }
  return [&](const models::Mcan& model) {
    train::save_vqa(
        options.checkpoints.folder(), model, problem.vocabulary,
        {.dataset = problem.name, .dataset_sha256 = problem.sha256, .training = settings});
  };
}

void print(const train::StepExperimentResult& experiment, const train::VqaProblem& problem,
           const train::StepRunResult& run) {
  std::cout << text("questions   ", describe(problem), "\nmodel       mcan, ",
                    with_thousands(experiment.parameters), " parameters",
                    experiment.align == "none" ? std::string()
                                               : text(", heads aligned by ", experiment.align,
                                                      " with weight ", experiment.align_weight),
                    "\ntrained     ", describe_training(run), '\n');
  for (const auto& [part, measures] : run.parts) {
    print_measures(std::cout, part, measures);
  }
  std::cout << "heads       MMD of queries and keys " << fixed(*run.mmd, 4) << '\n';
}

int train_vqa(const VqaTrainOptions& options, const GlobalOptions& global) {
  check_folders(options.checkpoints);
  const VqaTrainingOptions& training = options.training;
  const std::uint64_t seed = training.fit.options.seed;
  const train::VqaProblem problem = prepare_vqa(training);
  train::StepExperimentResult experiment = vqa_experiment(training, problem, global);
  train::Settings settings = experiment.config;
  settings["seed"] = static_cast<std::int64_t>(seed);
  const InterruptScope interrupt;
  const train::StepRunResult run = [&] {
    ProgressLine progress(0, global.quiet);
    const StepRunHooks hooks = step_hooks(options.checkpoints, settings, experiment.metric,
                                          progress, interrupt.requested());
    return run_vqa_seed(training, problem, seed, hooks, finish(options, problem, settings));
  }();
  if (run.interrupted) {
    return interrupted(run, options.checkpoints.folder());
  }
  if (!global.quiet) {
    print(experiment, problem, run);
  }
  if (!global.json.empty()) {
    experiment.runs.push_back(run);
    core::write_file_atomically(global.json, train::to_json(experiment));
  }
  return kSuccess;
}

}  // namespace

void add_vqa_train(Command vqa, Action& action) {
  Command command =
      vqa.add_subcommand("train", "Train a model on questions about images and measure it");
  const auto options = std::make_shared<VqaTrainOptions>();
  add_vqa_training_options(command, options->training);
  add_checkpoint_options(command, options->checkpoints, "the model with its words and answers");
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return train_vqa(*options, global); };
  });
}

}  // namespace attune::cli
