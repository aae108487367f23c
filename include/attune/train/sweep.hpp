#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <attune/train/result.hpp>

namespace attune::train {

/// Settings of sweep().
struct SweepOptions {
  std::vector<std::uint64_t> seeds;         ///< one run each; at least one, none twice
  int jobs = 1;                             ///< seeds at a time
  int threads = 0;                          ///< of all jobs together; 0: core::num_threads()
  const std::atomic<bool>* stop = nullptr;  ///< set from anywhere: no further seed is begun
};

/// Calls `run(i)` for the place of every seed in the list, `jobs` of them side by side. Each job is
/// a thread whose loops run on max(1, threads / jobs) threads.
/// @throws InvalidArgument  as sweep()
/// @throws Error            what `run` threw, for the first seed it threw for; others end first
void for_each_seed(const SweepOptions& options, const std::function<void(std::size_t i)>& run);

/// Runs `run(seed)` for every seed, `jobs` of them side by side. Each job is a thread whose loops
/// run on max(1, threads / jobs) threads. What `run` finds must depend on the seed alone; then the
/// result does not depend on jobs or threads, the times apart.
///
/// @param run       called from several threads at once where jobs > 1
/// @param observer  called after every run, in the order in which they end, one at a time
/// @return  the runs in the order of the seeds; where it was stopped, those that are complete
/// @throws InvalidArgument  no seed, one that comes twice, jobs outside [1, 1024], threads
///                          outside [0, 1024]
/// @throws Error            what `run` threw, for the first seed it threw for; others end first
std::vector<RunResult> sweep(const SweepOptions& options,
                             const std::function<RunResult(std::uint64_t seed)>& run,
                             const std::function<void(const RunResult&)>& observer = nullptr);

}  // namespace attune::train
