#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/report.hpp"
#include "cli/run_log.hpp"
#include "cli/training_options.hpp"
#include "cli/training_run.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/registry.hpp>
#include <attune/train/checkpoint.hpp>
#include <attune/train/fit.hpp>
#include <attune/train/node_classification.hpp>

namespace attune::cli {
namespace {

using core::text;

struct TrainOptions {
  TrainingOptions training;
  std::string out;
  std::string resume;
  bool overwrite = false;
  std::int64_t checkpoint_every = 100;
  LogOptions log;
};

void check_folders(const TrainOptions& options) {
  if (!options.out.empty() && !options.resume.empty() && options.out != options.resume) {
    throw InvalidArgument("--resume continues in its own folder: leave out --out");
  }
  if (options.resume.empty() && !options.out.empty() && !options.overwrite &&
      train::has_checkpoint(options.out)) {
    throw InvalidArgument(text("--out ", options.out,
                               ": holds a checkpoint; continue it with --resume or replace it with "
                               "--overwrite"));
  }
}

train::FitHooks hooks(const TrainOptions& options, const train::CheckpointDescription& about,
                      bool multi_label, ProgressLine& progress, TensorboardLog& log,
                      const std::atomic<bool>& stop) {
  train::FitHooks hooks;
  hooks.stop = &stop;
  hooks.observer = [&progress, &log, multi_label, epochs = options.training.fit.epochs,
                    aligned = options.training.align.active()](const train::EpochReport& epoch) {
    log.epoch(epoch, aligned);
    if (progress.due()) {
      progress.show(epoch.epoch, describe(epoch, epochs, multi_label));
    }
  };
  const std::string& folder = options.resume.empty() ? options.out : options.resume;
  if (!folder.empty()) {
    hooks.save_every = options.checkpoint_every;
    hooks.save = [&folder, &about](const train::Trainer& trainer) {
      train::save_checkpoint(folder, about, trainer);
    };
  }
  return hooks;
}

int train_model(const TrainOptions& options, const GlobalOptions& global) {
  check_folders(options);
  const TrainingOptions& training = options.training;
  const data::NodeDataset dataset =
      data::load_dataset(training.dataset, global.data_dir, training.split, training.seed);
  const models::GraphClassifierOptions model_options = classifier_options(training, dataset);
  const train::CheckpointDescription about = description(training, model_options, dataset);
  const train::NodeClassification problem(dataset);
  if (!options.log.jsonl.empty()) {
    train::require_appendable(options.log.jsonl);
  }
  TensorboardLog log(options.log.tensorboard);
  const InterruptScope interrupt;
  const train::RunResult run = [&] {
    ProgressLine progress(training.fit.epochs, global.quiet);
    TrainerSetup setup{.hooks = hooks(options, about, dataset.multi_label(), progress, log,
                                      interrupt.requested())};
    if (!options.resume.empty()) {
      setup.prepare = [&](train::Trainer& trainer) {
        train::resume(trainer, train::load_checkpoint(options.resume), about);
      };
    }
    return run_seed(training, model_options, problem, training.seed, setup);
  }();
  const train::FitResult& result = run.fit;
  if (result.interrupted) {
    const std::string& folder = options.resume.empty() ? options.out : options.resume;
    std::cerr << text("attune: interrupted after epoch ", result.epochs,
                      folder.empty() ? std::string("; nothing was saved, for want of --out")
                                     : text("; saved: continue with --resume ", folder),
                      '\n');
    return kInterrupted;
  }
  log.result(result);
  if (!global.quiet) {
    print_run(std::cout, dataset, training, run);
  }
  train::ExperimentResult found = experiment(training, model_options, dataset, global);
  if (!options.log.jsonl.empty()) {
    train::append_run(options.log.jsonl, found, run);
  }
  if (!global.json.empty()) {
    found.runs.push_back(run);
    train::write_result(global.json, found);
  }
  return kSuccess;
}

}  // namespace

void add_train_command(Command app, Action& action) {
  Command command = app.add_subcommand("train", "Train a model and print its test accuracy");
  const auto options = std::make_shared<TrainOptions>();
  add_training_options(command, options->training);
  const std::string group = "Checkpoints";
  command.add_option("--out", options->out, "Save the run in this folder")
      .type_name("DIR")
      .group(group);
  command.add_option("--resume", options->resume, "Continue the run saved in this folder")
      .type_name("DIR")
      .group(group);
  command.add_flag("--overwrite", options->overwrite, "Replace the run that --out holds")
      .group(group);
  command.add_option("--checkpoint-every", options->checkpoint_every, "Epochs between savings")
      .check(whole_number_in(1, 1000000000))
      .type_name("N")
      .group(group);
  add_log_options(command, options->log);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return train_model(*options, global); };
  });
}

}  // namespace attune::cli
