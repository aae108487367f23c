#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <attune/graph/graph.hpp>

namespace attune::graph {

/// An order of the nodes that puts neighbours near each other, so that kernels which walk the edges
/// find them in cache: reverse Cuthill-McKee (Cuthill and McKee, "Reducing the bandwidth of sparse
/// symmetric matrices", 1969; reversed by George, 1971), as Boost.Graph has it. Directions of edges
/// are ignored.
/// @return  [num_nodes]; the node at each new place
[[nodiscard]] std::vector<std::int64_t> reverse_cuthill_mckee(const Graph& graph);

/// The same graph under other numbers: new node i is node order[i] of `graph`. Edges keep their
/// input_edge(). Rows of features, labels and results follow by the same order.
/// @throws InvalidArgument  `order` does not hold every node once
[[nodiscard]] Graph relabel(const Graph& graph, std::span<const std::int64_t> order);

/// Largest |src - dst| over all edges; 0 without edges.
[[nodiscard]] std::int64_t bandwidth(const Graph& graph) noexcept;

}  // namespace attune::graph
