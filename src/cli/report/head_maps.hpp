#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "cli/report/examined_run.hpp"
#include "cli/report/line_chart.hpp"

namespace attune::cli {

struct HeadMapOptions {
  std::int64_t nodes = 300;  ///< at most; two points each
  double perplexity = 30;    ///< less where there are few points: a third of them at most
  std::uint64_t seed = 0;    ///< of the sample and of where the maps start
};

inline constexpr std::int64_t kMostMapNodes = 5000;  // train::kMostTsnePoints, two a node

/// Queries and keys of one head in the plane, laid out together.
struct HeadMap {
  std::vector<ChartPoint> queries;
  std::vector<ChartPoint> keys;
};

/// All nodes, or a uniform sample, ascending: a function of the two numbers and the seed.
[[nodiscard]] std::vector<std::int64_t> map_nodes(std::int64_t num_nodes,
                                                  const HeadMapOptions& options);

/// What is asked for, or what so few points allow.
[[nodiscard]] double map_perplexity(std::size_t num_nodes, const HeadMapOptions& options);

/// A map of every head, by layer.
/// @param drawn  called after each map
[[nodiscard]] std::vector<std::vector<HeadMap>> head_maps(const ExaminedRun& run,
                                                          const std::vector<std::int64_t>& nodes,
                                                          const HeadMapOptions& options,
                                                          const std::function<void()>& drawn);

}  // namespace attune::cli
