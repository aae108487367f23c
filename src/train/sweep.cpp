#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/train/sweep.hpp>

namespace attune::train {

using core::text;

namespace {

constexpr int kMost = 1024;  // jobs, and threads

void check(const SweepOptions& options) {
  if (options.jobs < 1 || options.jobs > kMost) {
    throw InvalidArgument(text("sweep: jobs must be in [1, ", kMost, "], got ", options.jobs));
  }
  if (options.threads < 0 || options.threads > kMost) {
    throw InvalidArgument(
        text("sweep: threads must be in [0, ", kMost, "], got ", options.threads));
  }
  if (options.seeds.empty()) {
    throw InvalidArgument("sweep: expected at least one seed, got none");
  }
  std::set<std::uint64_t> seen;
  for (const std::uint64_t seed : options.seeds) {
    if (!seen.insert(seed).second) {
      throw InvalidArgument(text("sweep: seed ", seed, " comes twice"));
    }
  }
}

/// The seeds as jobs take them.
class Work {
 public:
  Work(const SweepOptions& options, const std::function<void(std::size_t)>& run)
      : options_(options), run_(run), failures_(options.seeds.size()) {}

  /// Takes one seed after another until there is none left, or no more is wanted.
  void take_seeds() {
    for (std::size_t i = next_++; i < failures_.size() && !ended(); i = next_++) {
      try {
        run_(i);
      } catch (...) {
        failures_[i] = std::current_exception();
        failed_ = true;
      }
    }
  }

  void rethrow_first() const {
    for (const std::exception_ptr& failure : failures_) {
      if (failure) {
        std::rethrow_exception(failure);
      }
    }
  }

 private:
  [[nodiscard]] bool ended() const {
    return failed_ || (options_.stop != nullptr && options_.stop->load());
  }

  const SweepOptions& options_;
  const std::function<void(std::size_t)>& run_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::vector<std::exception_ptr> failures_;  // each written by the one job that took its seed
};

}  // namespace

void for_each_seed(const SweepOptions& options, const std::function<void(std::size_t i)>& run) {
  check(options);
  const int threads = options.threads > 0 ? options.threads : core::num_threads();
  const int jobs = std::min(options.jobs, static_cast<int>(options.seeds.size()));
  const int threads_of_job = std::max(1, threads / jobs);
  Work work(options, run);
  const auto job = [&] { core::with_threads(threads_of_job, [&] { work.take_seeds(); }); };
  {
    std::vector<std::jthread> others;
    for (int j = 1; j < jobs; ++j) {
      others.emplace_back(job);
    }
    job();
  }
  work.rethrow_first();
}

std::vector<RunResult> sweep(const SweepOptions& options,
                             const std::function<RunResult(std::uint64_t seed)>& run,
                             const std::function<void(const RunResult&)>& observer) {
  // Each element is written by the one job that took its seed.
  std::vector<std::optional<RunResult>> results(options.seeds.size());
  std::mutex observing;
  for_each_seed(options, [&](std::size_t i) {
    RunResult result = run(options.seeds[i]);
    if (result.fit.interrupted) {
      return;
    }
    const std::lock_guard lock(observing);
    if (observer) {
      observer(result);
    }
    results[i] = std::move(result);
  });
  std::vector<RunResult> complete;
  for (std::optional<RunResult>& result : results) {
    if (result) {
      complete.push_back(std::move(*result));
    }
  }
  return complete;
}

}  // namespace attune::train
