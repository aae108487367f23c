#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attune::cli::bench {

/// Forward and backward of a distance between all queries and keys of eight heads, eight channels.
struct DistanceTime {
  std::string distance;
  std::int64_t positions = 0;
  double ms = 0;
  double peak_mb = 0;  ///< of pooled memory beyond queries, keys and their gradients
  double flops = 0;    ///< a second, of the matrix products alone; 0 where their number is unknown
};

/// @param distances  gan, ct, ot, mmd
[[nodiscard]] std::vector<DistanceTime> time_distances(const std::vector<std::string>& distances,
                                                       const std::vector<std::int64_t>& positions,
                                                       std::int64_t repeat);

}  // namespace attune::cli::bench
