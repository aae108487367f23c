#pragma once

#include <attune/autograd/variable.hpp>
#include <attune/graph/graph.hpp>

namespace attune::sparse {

/// D^-1/2 A D^-1/2 x, the propagation of Kipf and Welling, "Semi-supervised classification with
/// graph convolutional networks" (ICLR 2017), equation 2: out[i] is the sum over the edges j -> i
/// of x[j] / sqrt(d_i d_j), where d is the in-degree. The paper's A has a self-loop at every node
/// (graph::with_self_loops); nothing is added here. An edge from a node without in-edges counts 0.
/// A block counts the in-degrees of the graph that it was cut from.
/// @param x  [num_src, channels]
/// @return   [num_dst, channels]
/// @throws ShapeError  x does not have a row a src node
[[nodiscard]] Variable gcn_aggregate(const graph::Graph& graph, const Variable& x);

}  // namespace attune::sparse
