#pragma once

#include <cstdint>
#include <vector>

#include <attune/data/node_dataset.hpp>
#include <attune/graph/graph.hpp>

namespace attune::cli {

/// The edges into one node, as columns of a picture.
struct Neighbourhood {
  std::int64_t node = 0;
  std::vector<std::int64_t> edges;   ///< to be shown: positions in Graph::in_edges()
  std::vector<std::int64_t> others;  ///< too many to be shown
};

/// A node to look at where none was asked for: of the test nodes, else of all, the first whose
/// degree is their median.
[[nodiscard]] std::int64_t median_degree_node(const data::NodeDataset& dataset);

/// The edges into a node: its own first, then those that weigh most.
/// @param graph   with self-loops
/// @param weight  [num_edges], what an edge weighs
/// @param most    to show
[[nodiscard]] Neighbourhood neighbourhood_of(const graph::Graph& graph, std::int64_t node,
                                             const std::vector<double>& weight, std::size_t most);

}  // namespace attune::cli
