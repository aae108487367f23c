#pragma once

#include <cstdint>

#include <attune/data/npz.hpp>
#include <attune/graph/graph.hpp>

namespace attune::data {

/// The graph of num_nodes nodes: `edge_index` [2, num_edges], `edges` [num_edges, 2], CSR as
/// adj_indptr and adj_indices, or a pickled csr_matrix `adj_matrix`. Symmetrised, duplicates
/// merged, self-loops dropped.
/// @throws FileError  missing, in two forms, contradictory, or with weights other than one
[[nodiscard]] graph::Graph read_graph(const NpzArchive& npz, std::int64_t num_nodes);

}  // namespace attune::data
