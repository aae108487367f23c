#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "citation_toy.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/train/fit.hpp>
#include <attune/train/node_classification.hpp>
#include <attune/train/sweep.hpp>

using attune::train::RunResult;
using attune::train::sweep;
using attune::train::SweepOptions;

namespace {

// Returns at once; a seed is told by its epochs.
RunResult quick(std::uint64_t seed) {
  RunResult run;
  run.seed = seed;
  run.fit.epochs = static_cast<std::int64_t>(10 * seed);
  return run;
}

}  // namespace

TEST_CASE("sweep: a seed's weights do not depend on jobs or threads", "[train][sweep][property]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy(1500);
  const attune::train::NodeClassification problem(dataset);
  const auto run = [&](std::uint64_t seed) {
    const attune::models::GraphClassifier model({.in_channels = 30, .num_classes = 3}, seed);
    attune::train::Trainer trainer(model.parameters(), problem.task(model),
                                   {.epochs = 6, .seed = seed});
    return RunResult{.seed = seed, .fit = attune::train::fit(trainer)};
  };
  const std::vector<std::uint64_t> seeds = {3, 0, 7, 5, 1};
  const std::vector<RunResult> alone = sweep({.seeds = seeds, .jobs = 1, .threads = 1}, run);
  REQUIRE(alone.size() == seeds.size());
  CHECK(alone[0].fit.weights_sha256 != alone[1].fit.weights_sha256);
  for (const SweepOptions& options :
       std::vector<SweepOptions>{{.seeds = seeds, .jobs = 2, .threads = 2},
                                 {.seeds = seeds, .jobs = 3, .threads = 8},
                                 {.seeds = seeds, .jobs = 50, .threads = 1}}) {
    CAPTURE(options.jobs, options.threads);
    const std::vector<RunResult> together = sweep(options, run);
    REQUIRE(together.size() == seeds.size());
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      CHECK(together[i].seed == seeds[i]);
      CHECK(together[i].fit.weights_sha256 == alone[i].fit.weights_sha256);
      CHECK(together[i].fit.test->nll == alone[i].fit.test->nll);
    }
  }
}

TEST_CASE("sweep: jobs share the threads and run side by side", "[train][sweep]") {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  const auto run = [&](std::uint64_t seed) {
    const int now = ++running;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    CHECK(attune::core::num_threads() == 2);
    // Long enough for the others to start.
    for (int i = 0; i < 1000 && most < 3; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    --running;
    return quick(seed);
  };
  (void)sweep({.seeds = {0, 1, 2}, .jobs = 3, .threads = 7}, run);
  CHECK(most == 3);
}

TEST_CASE("sweep: results come in the order of the seeds, reports as they end", "[train][sweep]") {
  std::vector<std::uint64_t> reported;
  const auto results = sweep({.seeds = {9, 4, 6}, .jobs = 2}, quick,
                             [&](const RunResult& run) { reported.push_back(run.seed); });
  REQUIRE(results.size() == 3);
  CHECK(results[0].fit.epochs == 90);
  CHECK(results[1].fit.epochs == 40);
  CHECK(results[2].fit.epochs == 60);
  std::ranges::sort(reported);
  CHECK(reported == std::vector<std::uint64_t>{4, 6, 9});
}

TEST_CASE("sweep: stopped, it returns the runs that are complete", "[train][sweep]") {
  std::atomic<bool> stop{false};
  const auto run = [&](std::uint64_t seed) {
    RunResult result = quick(seed);
    if (seed == 2) {
      stop = true;
      result.fit.interrupted = true;
    }
    return result;
  };
  const auto results = sweep({.seeds = {0, 1, 2, 3}, .stop = &stop}, run);
  REQUIRE(results.size() == 2);
  CHECK(results[1].seed == 1);
}

TEST_CASE("sweep: a run that fails ends it with its error", "[train][sweep]") {
  for (const int jobs : {1, 2}) {
    std::atomic<int> begun{0};
    const auto run = [&](std::uint64_t seed) {
      ++begun;
      if (seed == 1) {
        throw attune::Error("seed 1 failed");
      }
      return quick(seed);
    };
    CHECK_THROWS_WITH(sweep({.seeds = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, .jobs = jobs}, run),
                      "seed 1 failed");
    if (jobs == 1) {
      CHECK(begun == 2);
    }
  }
  const auto thrower = [](const RunResult&) { throw attune::Error("observer failed"); };
  CHECK_THROWS_WITH(sweep({.seeds = {0}}, quick, thrower), "observer failed");
}

TEST_CASE("sweep: rejects options out of range", "[train][sweep]") {
  for (const SweepOptions& options : std::vector<SweepOptions>{{.seeds = {}},
                                                               {.seeds = {1, 1}},
                                                               {.seeds = {1}, .jobs = 0},
                                                               {.seeds = {1}, .jobs = 1025},
                                                               {.seeds = {1}, .threads = -1},
                                                               {.seeds = {1}, .threads = 1025}}) {
    CHECK_THROWS_AS(sweep(options, quick), attune::InvalidArgument);
  }
}
