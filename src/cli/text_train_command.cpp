#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

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
  std::string out;
  std::string resume;
  bool overwrite = false;
  std::int64_t checkpoint_every = 500;

  [[nodiscard]] const std::string& folder() const { return resume.empty() ? out : resume; }
};

void check_folders(const TextTrainOptions& options) {
  if (!options.out.empty() && !options.resume.empty() && options.out != options.resume) {
    throw InvalidArgument("--resume continues in its own folder: leave out --out");
  }
  if (options.resume.empty() && !options.out.empty() && !options.overwrite &&
      train::has_step_checkpoint(options.out)) {
    throw InvalidArgument(text("--out ", options.out,
                               ": holds a checkpoint; continue it with --resume or replace it with "
                               "--overwrite"));
  }
}

std::string progress_text(const train::TextTrainer& trainer, const train::TextStep& step,
                          const std::string& metric) {
  std::string line = text("step ", trainer.steps(), "/", trainer.total_steps(), "  loss ",
                          fixed(step.report.loss, 4));
  if (!trainer.curve().empty()) {
    const train::StepRecord& last = trainer.curve().back();
    const auto score = last.find(metric);
    line += score == last.end() ? std::string()
                                : text("  validation ", metric, " ", fixed(score->second, 4));
  }
  return line;
}

train::TextTaskDescription description(const TextSetup& setup, const train::TextRunResult& result) {
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

TextRunHooks hooks(const TextTrainOptions& options, const TextSetup& setup,
                   const train::Settings& settings, ProgressLine& progress,
                   const std::atomic<bool>& stop) {
  TextRunHooks hooks;
  hooks.stop = &stop;
  hooks.observer = [&](const train::TextTrainer& trainer, const train::TextStep& step) {
    if (progress.due()) {
      progress.show(trainer.steps(), progress_text(trainer, step, setup.problem.metric));
    }
  };
  const std::string& folder = options.folder();
  if (folder.empty()) {
    return hooks;
  }
  hooks.save_every = options.checkpoint_every;
  hooks.save = [&](const train::TextTrainer& trainer) {
    train::save_step_checkpoint(folder, trainer.checkpoint(settings));
  };
  hooks.finish = [&](const train::TextPredictor& predictor, const train::TextRunResult& result) {
    train::save_fine_tuned(folder, predictor, setup.config, *setup.tokenizer,
                           description(setup, result));
  };
  if (!options.resume.empty()) {
    hooks.prepare = [&](train::TextTrainer& trainer) {
      const train::StepCheckpoint saved = train::load_step_checkpoint(folder);
      train::require_same_run(folder, saved, settings);
      trainer.load(saved);
    };
  }
  return hooks;
}

void print(const train::TextExperimentResult& experiment, const TextSetup& setup,
           const train::TextRunResult& run) {
  std::cout << text("task        ", describe(setup.problem), "\nmodel       ", experiment.model,
                    ", ", with_thousands(experiment.parameters), " parameters",
                    experiment.align == "none" ? std::string()
                                               : text(", heads aligned by ", experiment.align,
                                                      " with weight ", experiment.align_weight),
                    "\ntrained     ", run.steps, " steps, best ", run.best_step, "; ",
                    fixed(run.seconds, 2), " s, ", fixed(run.ms_per_step, 2), " ms a step\n");
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

int interrupted(const train::TextRunResult& run, const std::string& folder) {
  std::cerr << text("attune: interrupted after step ", run.steps,
                    folder.empty() ? std::string("; nothing was saved, for want of --out")
                                   : text("; saved: continue with --resume ", folder),
                    '\n');
  return kInterrupted;
}

int train_text(const TextTrainOptions& options, const GlobalOptions& global) {
  check_folders(options);
  const TextTrainingOptions& training = options.training;
  const TextSetup setup = prepare_text(training, global.data_dir);
  train::TextExperimentResult experiment = text_experiment(training, setup, global);
  train::Settings settings = experiment.config;
  settings["seed"] = static_cast<std::int64_t>(training.fit.seed);
  const InterruptScope interrupt;
  const train::TextRunResult run = [&] {
    ProgressLine progress(0, global.quiet);
    return run_text_seed(training, setup, training.fit.seed,
                         hooks(options, setup, settings, progress, interrupt.requested()));
  }();
  if (run.interrupted) {
    return interrupted(run, options.folder());
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

void add_text_train(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("train", "Fine-tune an encoder on a task and measure it");
  const auto options = std::make_shared<TextTrainOptions>();
  add_text_training_options(*command, options->training);
  const std::string group = "Checkpoints";
  command
      ->add_option("--out", options->out,
                   "Save the run in this folder, and at its end the model with its tokeniser")
      ->type_name("DIR")
      ->group(group);
  command->add_option("--resume", options->resume, "Continue the run saved in this folder")
      ->type_name("DIR")
      ->group(group);
  command->add_flag("--overwrite", options->overwrite, "Replace the run that --out holds")
      ->group(group);
  command->add_option("--checkpoint-every", options->checkpoint_every, "Steps between savings")
      ->check(CLI::Range(1, 1000000000))
      ->type_name("N")
      ->group(group);
  command->callback([options, &action] {
    action = [options](const GlobalOptions& global) { return train_text(*options, global); };
  });
}

}  // namespace attune::cli
