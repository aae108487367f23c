#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <attune/graph/graph.hpp>

namespace attune::graph {

/// Several graphs side by side in one, without an edge between them: layers run on all of them in
/// one pass and never mix them. The adjacency matrix is block-diagonal.
struct GraphBatch {
  Graph graph;                             ///< of all nodes
  std::vector<std::int64_t> graph_ptr{0};  ///< nodes graph_ptr[g] to graph_ptr[g + 1] - 1 are graph
                                           ///< g's, [num_graphs() + 1]

  /// That are in it.
  [[nodiscard]] std::int64_t num_graphs() const noexcept { return std::ssize(graph_ptr) - 1; }
};

/// The graphs in their order. Edge e of the batch is edge e of all in_edges() one after the other.
/// @throws InvalidArgument  a block among them; more than 2^31 - 1 nodes in all
[[nodiscard]] GraphBatch batch_graphs(std::span<const Graph> graphs);

/// The graphs again, one for each range of nodes.
/// @param graph      of all nodes
/// @param graph_ptr  as in GraphBatch
/// @throws InvalidArgument  graph_ptr does not run from 0 to num_nodes() or decreases; an edge from
///                          one graph to another (says which)
[[nodiscard]] std::vector<Graph> unbatch_graphs(const Graph& graph,
                                                std::span<const std::int64_t> graph_ptr);

}  // namespace attune::graph
