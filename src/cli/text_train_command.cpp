#include <iostream>
#include <memory>

#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/text_command.hpp"
#include "cli/text_run.hpp"
#include "cli/training_run.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/step_checkpoint.hpp>

namespace attune::cli {
namespace {

using core::text;

struct TextTrainOptions {
  TextTrainingOptions training;
  CheckpointFlags checkpoints;
};

train::TextTaskDescription description(const TextSetup& setup, const train::StepRunResult& result) {
  const train::TextProblem& problem = setup.problem;
  train::TextTaskDescription task{.task = problem.name,
                                  .task_sha256 = problem.sha256,
                                  .head = problem.head,
                                  .pairs = problem.pairs,
                                  .labels = problem.labels,
                                  .metric = problem.metric,
                                  .max_tokens = problem.max_tokens,
                                  .may_be_none = problem.may_be_none};
  const auto validation = result.parts.find(problem.validation);
  if (validation != result.parts.end() && validation->second.contains("none_threshold")) {
    task.none_threshold = validation->second.at("none_threshold");
  }
  return task;
}

// Saves the model at the end.
TextFinish finish(const TextTrainOptions& options, const TextSetup& setup) {
  if (options.checkpoints.folder().empty()) {
    return nullptr;
  }
  return [&](const train::TextPredictor& predictor, const train::StepRunResult& result) {
    train::save_fine_tuned(options.checkpoints.folder(), predictor, setup.config, *setup.tokenizer,
                           description(setup, result));
  };
}

void print(const train::StepExperimentResult& experiment, const TextSetup& setup,
           const train::StepRunResult& run) {
  std::cout << text("task        ", describe(setup.problem), "\nmodel       ", experiment.model,
                    ", ", with_thousands(experiment.parameters), " parameters",
                    experiment.align == "none" ? std::string()
                                               : text(", heads aligned by ", experiment.align,
                                                      " with weight ", experiment.align_weight),
                    "\ntrained     ", describe_training(run), '\n');
  for (const auto& [part, measures] : run.parts) {
    print_measures(std::cout, part, measures);
  }
  if (experiment.test.empty()) {
    std::cout << "no labelled test part: the figures are those of " << experiment.validation
              << '\n';
  }
  if (run.mmd) {
    std::cout << "heads       MMD of queries and keys " << fixed(*run.mmd, 4) << '\n';
  }
}

int train_text(const TextTrainOptions& options, const GlobalOptions& global) {
  check_folders(options.checkpoints);
  const TextTrainingOptions& training = options.training;
  const std::uint64_t seed = training.fit.options.seed;
  const TextSetup setup = prepare_text(training, global.data_dir);
  train::StepExperimentResult experiment = text_experiment(training, setup, global);
  train::Settings settings = experiment.config;
  settings["seed"] = static_cast<std::int64_t>(seed);
  const InterruptScope interrupt;
  const train::StepRunResult run = [&] {
    ProgressLine progress(0, global.quiet);
    const StepRunHooks hooks = step_hooks(options.checkpoints, settings, setup.problem.metric,
                                          progress, interrupt.requested());
    return run_text_seed(training, setup, seed, hooks, finish(options, setup));
  }();
  if (run.interrupted) {
    return interrupted(run, options.checkpoints.folder());
  }
  if (!global.quiet) {
    print(experiment, setup, run);
  }
  if (!global.json.empty()) {
    experiment.runs.push_back(run);
    core::write_file_atomically(global.json, train::to_json(experiment));
  }
  return kSuccess;
}

}  // namespace

void add_text_train(Command app, Action& action) {
  Command command = app.add_subcommand("train", "Fine-tune an encoder on a task and measure it");
  const auto options = std::make_shared<TextTrainOptions>();
  add_text_training_options(command, options->training);
  add_checkpoint_options(command, options->checkpoints, "the model with its tokeniser");
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return train_text(*options, global); };
  });
}

}  // namespace attune::cli
