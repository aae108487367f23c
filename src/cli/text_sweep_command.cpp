#include <algorithm>
#include <iostream>
#include <memory>
#include <mutex>
#include <numeric>

#include <CLI/CLI.hpp>

#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/text_command.hpp"
#include "cli/text_run.hpp"
#include "cli/training_run.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/sweep.hpp>

namespace attune::cli {
namespace {

using core::text;

struct TextSweepOptions {
  TextTrainingOptions training;
  std::int64_t runs = 10;
  int jobs = 1;
  std::string against;
  bool go_on = false;
};

std::vector<std::uint64_t> seeds_of(const TextSweepOptions& options) {
  std::vector<std::uint64_t> seeds(static_cast<std::size_t>(options.runs));
  std::iota(seeds.begin(), seeds.end(), options.training.fit.seed);
  return seeds;
}

// Takes what an earlier sweep of the same options left in the file. @return  seeds to be run
std::vector<std::uint64_t> take_earlier_runs(const TextSweepOptions& options,
                                             const GlobalOptions& global,
                                             train::TextExperimentResult& result) {
  std::vector<std::uint64_t> seeds = seeds_of(options);
  if (!options.go_on) {
    return seeds;
  }
  if (global.json.empty()) {
    throw InvalidArgument("--continue needs --json, the file of the sweep to continue");
  }
  for (train::TextRunResult& run : train::read_text_runs(global.json, result.config)) {
    if (std::erase(seeds, run.seed) > 0) {
      result.runs.push_back(std::move(run));
    }
  }
  return seeds;
}

/// Runs as they come in: kept in the order of their seeds, written at once.
class Collector {
 public:
  Collector(train::TextExperimentResult& result, const GlobalOptions& global)
      : result_(result), global_(global), progress_(result.requested, global.quiet) {}

  void add(train::TextRunResult run) {
    const std::lock_guard lock(adding_);
    const auto score = run.parts[result_.judged_by()].find(result_.metric);
    const std::string said =
        score == run.parts[result_.judged_by()].end()
            ? std::string()
            : text("  ", result_.judged_by(), " ", result_.metric, " ", fixed(score->second, 4));
    const std::uint64_t seed = run.seed;
    const auto at = std::ranges::upper_bound(result_.runs, seed, {}, &train::TextRunResult::seed);
    result_.runs.insert(at, std::move(run));
    const auto done = std::ssize(result_.runs);
    if (!global_.json.empty()) {
      core::write_file_atomically(global_.json, train::to_json(result_));
    }
    if (progress_.due()) {
      progress_.show(done, text("run ", done, "/", result_.requested, "  seed ", seed, said));
    }
  }

 private:
  train::TextExperimentResult& result_;
  const GlobalOptions& global_;
  ProgressLine progress_;
  std::mutex adding_;
};

void print(const train::TextExperimentResult& result) {
  if (const std::optional<train::Summary> score = train::text_score(result)) {
    std::cout << text(result.dataset, "  ", result.model,
                      result.align == "none" ? "" : " + " + result.align, "  ", result.judged_by(),
                      " ", result.metric, " ", fixed(score->mean, 4), " +- ", fixed(score->std, 4),
                      "  n ", score->n, "  95% interval of the mean ", fixed(score->ci95.low, 4),
                      " to ", fixed(score->ci95.high, 4), '\n');
  } else {
    std::cout << result.runs.size() << " runs; no labelled part to judge them by\n";
  }
  if (result.comparison) {
    const train::PairedTest& paired = result.comparison->test;
    std::cout << text("against ", result.comparison->other, "  difference ",
                      fixed(paired.mean_difference, 4), " (", fixed(paired.ci95.low, 4), " to ",
                      fixed(paired.ci95.high, 4), ")  n ", paired.n, "  p ", paired.p_t, " (t), ",
                      paired.p_wilcoxon, " (Wilcoxon)\n");
  }
}

void run_seeds(const TextSweepOptions& options, const TextSetup& setup,
               const std::vector<std::uint64_t>& seeds, Collector& collector,
               const std::atomic<bool>& stop) {
  if (seeds.empty()) {
    return;
  }
  train::for_each_seed({.seeds = seeds, .jobs = options.jobs, .stop = &stop}, [&](std::size_t i) {
    train::TextRunResult run = run_text_seed(options.training, setup, seeds[i], {.stop = &stop});
    if (!run.interrupted) {
      collector.add(std::move(run));
    }
  });
}

int sweep_text(const TextSweepOptions& options, const GlobalOptions& global) {
  const TextSetup setup = prepare_text(options.training, global.data_dir);
  train::TextExperimentResult result = text_experiment(options.training, setup, global);
  result.jobs = options.jobs;
  result.requested = options.runs;
  const std::vector<std::uint64_t> seeds = take_earlier_runs(options, global, result);
  if (!options.against.empty()) {  // a wrong file is told before the work
    (void)core::read_file(options.against, std::int64_t{1} << 28);
  }
  const InterruptScope interrupt;
  {
    Collector collector(result, global);
    run_seeds(options, setup, seeds, collector, interrupt.requested());
  }
  if (interrupt.requested()) {
    std::cerr << text(
        "attune: interrupted; ", result.runs.size(), " of ", options.runs, " runs are complete",
        global.json.empty() ? "" : text("; go on with --continue --json ", global.json), '\n');
    return kInterrupted;
  }
  if (!options.against.empty()) {
    result.comparison = train::compare_text_runs(result, options.against);
  }
  if (!global.quiet) {
    print(result);
  }
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, train::to_json(result));
  }
  return kSuccess;
}

}  // namespace

void add_text_sweep(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "sweep", "Fine-tune over many seeds: mean, standard deviation, paired test");
  const auto options = std::make_shared<TextSweepOptions>();
  add_text_training_options(*command, options->training);
  const std::string group = "Sweep";
  command->add_option("--runs", options->runs, "Seeds, counted up from --seed")
      ->check(CLI::Range(1, 1000000))
      ->type_name("N")
      ->group(group);
  command->add_option("--jobs", options->jobs, "Seeds side by side; no seed's result depends on it")
      ->check(CLI::Range(1, 1024))
      ->type_name("N")
      ->group(group);
  command
      ->add_option("--against", options->against,
                   "Result file of another sweep to compare with, seed by seed")
      ->type_name("FILE")
      ->group(group);
  command
      ->add_flag("--continue", options->go_on,
                 "Keep the runs that --json FILE holds, which is written after every run")
      ->group(group);
  command->callback([options, &action] {
    action = [options](const GlobalOptions& global) { return sweep_text(*options, global); };
  });
}

}  // namespace attune::cli
