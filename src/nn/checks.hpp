#pragma once

#include <cstdint>

#include <attune/graph/graph.hpp>
#include <attune/nn/features.hpp>

namespace attune::nn {

/// @throws InvalidArgument  `who: what must be 1 to 2147483647, got 0`
void require_size(std::int64_t size, const char* who, const char* what);

/// @throws InvalidArgument  `who: what must be in [0, 1), got 1`
void require_probability(double p, const char* who, const char* what);

/// @throws InvalidArgument  `who: what must be finite, got nan`
void require_finite(double value, const char* who, const char* what);

/// @throws InvalidArgument  `who: deviation must be finite and at least 0, got -1`
void require_deviation(double deviation, const char* who);

/// @throws ShapeError  `who: x must be [num_nodes=5, in_channels=3], got [3, 4]`
void require_features(const Features& x, std::int64_t rows, std::int64_t channels, const char* who);

/// @throws InvalidArgument  as require_size(), but 0 means none
void require_edge_channels(std::int64_t edge_channels, const char* who);

/// Where edge_channels is 0 there must be none.
/// @throws ShapeError  `who: edge_features must be [num_edges=9, edge_channels=5], got [9, 4]`, or
///                     got none
void require_edge_features(const Variable& edge_features, std::int64_t num_edges,
                           std::int64_t edge_channels, const char* who);

/// @throws InvalidArgument  a node of the graph has no self-loop; says which and what helps
void require_self_loops(const graph::Graph& graph, const char* who);

}  // namespace attune::nn
