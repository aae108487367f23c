#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/graph/builder.hpp>
#include <attune/graph/graph.hpp>

namespace attune::data {

/// Features of a file's edges in the order of the graph that was made of them. Of an edge that a
/// file lists several times the first counts; one that it lists only the other way round has the
/// features of that one.
/// @param edges     as they were listed
/// @param features  [edges, channels]; channels are at least one
/// @return          [graph.num_edges(), channels]
[[nodiscard]] core::Tensor features_in_order(const graph::Graph& graph,
                                             std::span<const graph::Edge> edges,
                                             const std::vector<float>& features,
                                             std::int64_t channels);

}  // namespace attune::data
