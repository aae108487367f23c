#pragma once

#include <cstdint>
#include <vector>

#include <attune/graph/graph.hpp>

namespace attune::graph {

/// Which nodes hang together, directions of edges ignored.
struct Components {
  std::vector<std::int64_t> component;  ///< [num_nodes], numbered by their lowest node from 0
  std::vector<std::int64_t> sizes;      ///< [number of components]

  [[nodiscard]] std::int64_t count() const noexcept { return std::ssize(sizes); }
};

[[nodiscard]] Components connected_components(const Graph& graph);

/// What one wants to know of a graph before working with it.
struct GraphStatistics {
  std::int64_t num_nodes = 0;
  std::int64_t num_edges = 0;       ///< directed ones
  std::int64_t num_self_loops = 0;  ///< of these
  std::int64_t num_duplicates = 0;  ///< edges beyond the first of the same (src, dst)
  bool symmetric = true;            ///< src -> dst as often as dst -> src
  std::int64_t isolated_nodes = 0;  ///< joined to no other node
  std::int64_t min_degree = 0;      ///< in-degrees, as attention sees them
  double mean_degree = 0;
  double median_degree = 0;
  std::int64_t max_degree = 0;
  std::int64_t num_components = 0;
  std::int64_t largest_component = 0;  ///< nodes
};

[[nodiscard]] GraphStatistics statistics(const Graph& graph);

}  // namespace attune::graph
