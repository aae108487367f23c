#pragma once

#include <attune/autograd/variable.hpp>
#include <attune/graph/graph.hpp>

namespace attune::sparse {

/// Mean over the neighbours of each node, itself left out:
///
///     out[i, :] = sum over the edges j -> i, j != i, of x[j, :] / how many there are
///
/// A node that hears nobody else gets zeros. An edge that comes twice counts twice.
/// @param x  [num_src, channels]
/// @return   [num_dst, channels]
/// @throws ShapeError  x has another shape
[[nodiscard]] Variable mean_aggregate(const graph::Graph& graph, const Variable& x);

}  // namespace attune::sparse
