#pragma once

#include <attune/autograd/variable.hpp>
#include <attune/graph/graph.hpp>

namespace attune::sparse {

/// Softmax over the edges into each node, head by head.
/// @param logits  [num_edges, heads] in the order of graph.in_edges()
/// @throws ShapeError  the logits do not have a row an edge
[[nodiscard]] Variable edge_softmax(const graph::Graph& graph, const Variable& logits);

}  // namespace attune::sparse
