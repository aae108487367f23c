#include <algorithm>
#include <iostream>
#include <mutex>
#include <numeric>

#include "cli/interrupt.hpp"
#include "cli/step_run.hpp"
#include "cli/training_run.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/sweep.hpp>

namespace attune::cli {

using core::text;

namespace {

using Seeds = std::vector<std::uint64_t>;

// Takes what an earlier sweep of the same options left in the file. @return  seeds to be run
Seeds take_earlier_runs(const SweepFlags& flags, std::uint64_t first_seed,
                        const GlobalOptions& global, train::StepExperimentResult& result) {
  Seeds seeds(static_cast<std::size_t>(flags.runs));
  std::iota(seeds.begin(), seeds.end(), first_seed);
  if (!flags.go_on) {
    return seeds;
  }
  if (global.json.empty()) {
    throw InvalidArgument("--continue needs --json, the file of the sweep to continue");
  }
  for (train::StepRunResult& run : train::read_step_runs(global.json, result.config)) {
    if (std::erase(seeds, run.seed) > 0) {
      result.runs.push_back(std::move(run));
    }
  }
  return seeds;
}

/// Runs as they come in: kept in the order of their seeds, written at once.
class Collector {
 public:
  Collector(train::StepExperimentResult& result, const GlobalOptions& global)
      : result_(result), global_(global), progress_(result.requested, global.quiet) {}

  void add(train::StepRunResult run) {
    const std::lock_guard lock(adding_);
    const auto score = run.parts[result_.judged_by()].find(result_.metric);
    const std::string said =
        score == run.parts[result_.judged_by()].end()
            ? std::string()
            : text("  ", result_.judged_by(), " ", result_.metric, " ", fixed(score->second, 4));
    const std::uint64_t seed = run.seed;
    const auto at = std::ranges::upper_bound(result_.runs, seed, {}, &train::StepRunResult::seed);
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
  train::StepExperimentResult& result_;
  const GlobalOptions& global_;
  ProgressLine progress_;
  std::mutex adding_;
};

void print(const train::StepExperimentResult& result) {
  if (const std::optional<train::Summary> score = train::step_score(result)) {
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

}  // namespace

int sweep_steps(
    const SweepFlags& flags, std::uint64_t first_seed, train::StepExperimentResult result,
    const GlobalOptions& global,
    const std::function<train::StepRunResult(std::uint64_t seed, const StepRunHooks&)>& run) {
  result.jobs = flags.jobs;
  result.requested = flags.runs;
  const Seeds seeds = take_earlier_runs(flags, first_seed, global, result);
  if (!flags.against.empty()) {  // a wrong file is told before the work
    (void)core::read_file(flags.against, std::int64_t{1} << 28);
  }
  const InterruptScope interrupt;
  const std::atomic<bool>& stop = interrupt.requested();
  if (!seeds.empty()) {
    Collector collector(result, global);
    train::for_each_seed({.seeds = seeds, .jobs = flags.jobs, .stop = &stop}, [&](std::size_t i) {
      train::StepRunResult one = run(seeds[i], {.stop = &stop});
      if (!one.interrupted) {
        collector.add(std::move(one));
      }
    });
  }
  if (stop) {
    std::cerr << text(
        "attune: interrupted; ", result.runs.size(), " of ", flags.runs, " runs are complete",
        global.json.empty() ? "" : text("; go on with --continue --json ", global.json), '\n');
    return kInterrupted;
  }
  if (!flags.against.empty()) {
    result.comparison = train::compare_step_runs(result, flags.against);
  }
  if (!global.quiet) {
    print(result);
  }
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, train::to_json(result));
  }
  return kSuccess;
}

}  // namespace attune::cli
