#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/bench/roofline.hpp"

namespace attune::cli::bench {

/// Forward and backward of a distance between all queries and keys of eight heads, eight channels.
struct DistanceTime {
  std::string distance;
  std::int64_t positions = 0;
  double ms = 0;
  double peak_mb = 0;  ///< of pooled memory beyond queries, keys and their gradients
  double flops = 0;    ///< a second, of the matrix products alone; 0 where their number is unknown
};

/// What to time.
struct DistancePlan {
  std::vector<std::string> distances;   ///< gan, ct, ot, mmd
  std::vector<std::int64_t> positions;  ///< of the clouds
  std::int64_t ot_iterations = 100;     ///< most pairs of updates at the last regularisation
  std::int64_t repeat = 5;
};

[[nodiscard]] std::vector<DistanceTime> time_distances(const DistancePlan& plan);

/// One forward and backward, to be run as often as wanted, and what it must do.
struct DistanceStep {
  std::string label;
  std::function<void()> run;
  Work work;
};

/// Between clouds as above. Optimal transport makes a fixed number of sweeps, so that its work is
/// known.
/// @param name  gan, ct, ot or mmd
[[nodiscard]] DistanceStep fixed_distance_step(const std::string& name, std::int64_t positions);

}  // namespace attune::cli::bench
