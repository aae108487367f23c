#include <iostream>
#include <memory>
#include <numeric>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/run_log.hpp"
#include "cli/training_options.hpp"
#include "cli/training_run.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/registry.hpp>
#include <attune/data/split.hpp>
#include <attune/train/fit.hpp>
#include <attune/train/node_classification.hpp>
#include <attune/train/sweep.hpp>

namespace attune::cli {
namespace {

using core::text;

struct SweepCommandOptions {
  TrainingOptions training;
  std::int64_t runs = 10;
  int jobs = 1;
  std::string against;
  LogOptions log;
};

train::SweepOptions sweep_options(const SweepCommandOptions& options,
                                  const std::atomic<bool>& stop) {
  train::SweepOptions sweep{.seeds = {}, .jobs = options.jobs, .stop = &stop};
  sweep.seeds.resize(static_cast<std::size_t>(options.runs));
  std::iota(sweep.seeds.begin(), sweep.seeds.end(), options.training.seed);
  return sweep;
}

// One a run, which TensorBoard shows side by side.
std::string tensorboard_folder(const LogOptions& log, std::uint64_t seed) {
  return log.tensorboard.empty() ? std::string() : text(log.tensorboard, "/seed-", seed);
}

train::FitHooks hooks(TensorboardLog& log, bool aligned, const std::atomic<bool>& stop) {
  return {
      .observer = [&log, aligned](const train::EpochReport& epoch) { log.epoch(epoch, aligned); },
      .stop = &stop};
}

void print(const train::ExperimentResult& result) {
  const std::optional<train::Summary> test = train::test_accuracy(result.runs);
  if (!test) {
    std::cout << result.runs.size() << " runs; the data set has no test nodes\n";
    return;
  }
  std::cout << text(result.dataset, "  ", result.model,
                    result.align == "none" ? "" : " + " + result.align, "  test accuracy ",
                    fixed(test->mean, 4), " +- ", fixed(test->std, 4), "  n ", test->n,
                    "  95% interval of the mean ", fixed(test->ci95.low, 4), " to ",
                    fixed(test->ci95.high, 4), '\n');
  if (const std::optional<train::Summary> area = train::test_roc_auc(result.runs)) {
    std::cout << text("test ROC-AUC ", fixed(area->mean, 4), " +- ", fixed(area->std, 4), "  n ",
                      area->n, '\n');
  }
  if (const std::optional<train::Summary> score = train::test_micro_f1(result.runs);
      score && result.multi_label) {
    std::cout << text("test micro-F1 ", fixed(score->mean, 4), " +- ", fixed(score->std, 4), "  n ",
                      score->n, '\n');
  }
  if (result.comparison) {
    const train::PairedTest& paired = result.comparison->test;
    std::cout << text("against ", result.comparison->other, "  difference ",
                      fixed(paired.mean_difference, 4), " (", fixed(paired.ci95.low, 4), " to ",
                      fixed(paired.ci95.high, 4), ")  n ", paired.n, "  p ", paired.p_t, " (t), ",
                      paired.p_wilcoxon, " (Wilcoxon)\n");
  }
}

int run_sweep(const SweepCommandOptions& options, const GlobalOptions& global) {
  const TrainingOptions& training = options.training;
  const data::NodeDataset dataset =
      data::load_dataset(training.dataset, global.data_dir, training.split, training.seed);
  const models::GraphClassifierOptions model_options = classifier_options(training, dataset);
  train::ExperimentResult result = experiment(training, model_options, dataset, global);
  result.jobs = options.jobs;
  if (!options.against.empty()) {
    (void)train::read_test_accuracies(options.against);  // a wrong file is told before the work
  }
  if (!options.log.jsonl.empty()) {
    train::require_appendable(options.log.jsonl);  // the same
  }
  const train::NodeClassification problem(dataset);
  const InterruptScope interrupt;
  const auto run = [&](std::uint64_t seed) {
    TensorboardLog log(tensorboard_folder(options.log, seed));
    const TrainerSetup setup{.hooks = hooks(log, training.align.active(), interrupt.requested())};
    const std::string split = data::split_of_run(training.split, dataset, seed);
    const data::NodeDataset divided = split == training.split
                                          ? data::NodeDataset()
                                          : data::with_split(dataset, split, global.data_dir);
    const train::RunResult one =
        split == training.split
            ? run_seed(training, model_options, problem, seed, setup)
            : run_seed(training, model_options, train::NodeClassification(divided), seed, setup);
    log.result(one.fit);
    return one;
  };
  {
    ProgressLine progress(options.runs, global.quiet);
    std::int64_t done = 0;
    const auto observer = [&](const train::RunResult& one) {
      ++done;
      if (!options.log.jsonl.empty()) {
        train::append_run(options.log.jsonl, result, one);
      }
      if (progress.due()) {
        progress.show(done,
                      text("run ", done, "/", options.runs, "  seed ", one.seed,
                           one.fit.test ? "  test accuracy " + fixed(one.fit.test->accuracy, 4)
                                        : std::string()));
      }
    };
    result.runs = train::sweep(sweep_options(options, interrupt.requested()), run, observer);
  }
  if (interrupt.requested()) {
    std::cerr << "attune: interrupted; the sweep is not complete, nothing was written\n";
    return kInterrupted;
  }
  if (!options.against.empty()) {
    result.comparison = train::compare_with(result.runs, options.against);
  }
  if (!global.quiet) {
    print(result);
  }
  if (!global.json.empty()) {
    train::write_result(global.json, result);
  }
  return kSuccess;
}

}  // namespace

void add_sweep_command(Command app, Action& action) {
  Command command =
      app.add_subcommand("sweep", "Train over many seeds: mean, standard deviation, paired test");
  const auto options = std::make_shared<SweepCommandOptions>();
  add_training_options(command, options->training);
  const std::string group = "Sweep";
  command.add_option("--runs", options->runs, "Seeds, counted up from --seed")
      .check(whole_number_in(1, 1000000))
      .type_name("N")
      .group(group);
  command.add_option("--jobs", options->jobs, "Seeds side by side; no seed's result depends on it")
      .check(whole_number_in(1, 1024))
      .type_name("N")
      .group(group);
  command
      .add_option("--against", options->against,
                  "Result file of another sweep to compare with, seed by seed")
      .type_name("FILE")
      .group(group);
  add_log_options(command, options->log);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return run_sweep(*options, global); };
  });
}

}  // namespace attune::cli
