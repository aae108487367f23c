#pragma once

#include <cstdint>
#include <vector>

#include <attune/graph/graph.hpp>

namespace attune::graph {

/// Which nodes hang together, directions of edges ignored.
struct Components {
  std::vector<std::int64_t> component;  ///< [num_nodes], numbered by their lowest node from 0
  std::vector<std::int64_t> sizes;      ///< [number of components]

  /// Number of components; an isolated node is one.
  [[nodiscard]] std::int64_t count() const noexcept { return std::ssize(sizes); }
};

/// Near-linear in nodes + edges.
/// @throws InvalidArgument  the graph is a block
[[nodiscard]] Components connected_components(const Graph& graph);

/// What one wants to know of a graph before working with it.
struct GraphStatistics {
  std::int64_t num_nodes = 0;          ///< isolated ones included
  std::int64_t num_edges = 0;          ///< directed ones
  std::int64_t num_self_loops = 0;     ///< of these
  std::int64_t num_duplicates = 0;     ///< edges beyond the first of the same (src, dst)
  bool symmetric = true;               ///< src -> dst as often as dst -> src
  std::int64_t isolated_nodes = 0;     ///< joined to no other node
  std::int64_t min_degree = 0;         ///< in-degrees, as attention sees them
  double mean_degree = 0;              ///< num_edges / num_nodes
  double median_degree = 0;            ///< mean of the middle two where num_nodes is even
  std::int64_t max_degree = 0;         ///< 0 without nodes
  std::int64_t num_components = 0;     ///< directions of edges ignored
  std::int64_t largest_component = 0;  ///< nodes
};

/// @throws InvalidArgument  the graph is a block
[[nodiscard]] GraphStatistics statistics(const Graph& graph);

}  // namespace attune::graph
