#pragma once

#include <attune/autograd/variable.hpp>
#include <attune/graph/graph.hpp>

namespace attune::sparse {

/// Features of edges and the weight that projects them to heads, for attention that looks at them.
/// Both or neither are there.
struct EdgeFeatures {
  Variable features = {};  ///< [num_edges, edge_channels], in the order of graph.in_edges()
  Variable weight = {};    ///< [edge_channels, heads * channels]

  /// Whether they are there.
  [[nodiscard]] bool defined() const noexcept { return features.defined(); }
};

/// Features of a caller's edges in the order of graph.in_edges(), by Graph::input_edge(): an edge
/// of the graph has those of the edge that it came from, both of those that from_edges() makes of
/// one for a symmetric graph the same. An edge that was added, as graph::with_self_loops() does,
/// has the mean of those of the other edges into its node, or zeros where there are none. (PyTorch
/// Geometric's fill_value="mean"; its GAT layers replace self-loops that the caller has by such
/// ones, where these keep their features.)
///
///     const Graph graph = with_self_loops(from_edges(num_nodes, edges));
///     const Variable edge_attr = sparse::order_edge_features(graph, Variable(listed));
///
/// @param features  [edges of the caller, channels]
/// @return          [num_edges, channels]
/// @throws ShapeError       not a matrix
/// @throws InvalidArgument  the graph has an edge that there is no row for (says which)
[[nodiscard]] Variable order_edge_features(const graph::Graph& graph, const Variable& features);

}  // namespace attune::sparse
