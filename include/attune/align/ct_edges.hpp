#pragma once

#include <attune/align/ct.hpp>
#include <attune/graph/graph.hpp>

namespace attune::align {

/// Conditional transport whose plans live on the edges of a graph: with the cost and logits of
/// align::ct,
///
///     P_ij = softmax of S_ij over the in-edges (j -> i) of i
///     R_ij = softmax of S_ij over the out-edges (j -> i) of j
///     L    = (1 - rho) mean_i sum_j P_ij C_ij + rho mean_j sum_i R_ij C_ij
///
/// where the first mean runs over the nodes that have an in-edge and the second over those that
/// have an out-edge. On a complete graph with self-loops it is align::ct. A graph without edges has
/// loss 0. Work O(E heads hidden), memory O(N heads hidden + E heads).
///
/// @param queries, keys  [num_nodes, heads, channels]
/// @throws ShapeError, InvalidArgument  as align::ct
[[nodiscard]] Variable ct_on_edges(const graph::Graph& graph, const Variable& queries,
                                   const Variable& keys, const Network& critic,
                                   const Network& navigator, const core::RandomStream& random,
                                   const CtOptions& options = {}, core::Tensor* per_head = nullptr);

}  // namespace attune::align
