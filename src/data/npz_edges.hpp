#pragma once

#include <cstdint>

#include <attune/core/tensor.hpp>
#include <attune/data/npz.hpp>
#include <attune/graph/graph.hpp>

namespace attune::data {

struct NpzGraph {
  graph::Graph graph;
  core::Tensor edge_features;  ///< as NodeDataset::edge_features
};

/// The graph of num_nodes nodes: `edge_index` [2, num_edges], `edges` [num_edges, 2], CSR as
/// adj_indptr and adj_indices, or a pickled csr_matrix `adj_matrix`. Symmetrised, duplicates
/// merged, self-loops dropped. With them `edge_attr` [edges as they are listed, channels], if
/// it is there.
/// @throws FileError  missing, in two forms, contradictory, or with weights other than one
[[nodiscard]] NpzGraph read_graph(const NpzArchive& npz, std::int64_t num_nodes);

}  // namespace attune::data
