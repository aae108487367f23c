#pragma once

#include <string>

#include <attune/data/node_dataset.hpp>

namespace attune::data {

/// Reads a node-classification data set from one .npz file of plain arrays, in the layout of Shchur
/// et al., "Pitfalls of Graph Neural Network Evaluation", 2018, arXiv 1811.05868, with the split
/// beside it. N nodes, F features:
///
///     labels          [N] integers, -1 where unknown
///     train_mask, val_mask, test_mask
///                     [N] booleans (or 0 and 1)
///     edges, one of
///       edge_index    [2, num_edges] integers: row 0 the src, row 1 the dst of each edge
///       adj_indptr, adj_indices
///                     rows of a CSR matrix; adj_shape [N, N] and adj_data, all ones, may be there
///     features, one of
///       features or attr_matrix
///                     [N, F] numbers
///       attr_data, attr_indices, attr_indptr, attr_shape
///                     a CSR matrix [N, F]
///     edge_attr       optional, [num_edges, channels] numbers, in the order of the edges above; an
///                     edge that is listed one way has the same features both ways
///     num_classes     optional, else the largest label + 1
///     name            optional string, else the name of the file without .npz
///
/// As with every data set here, the graph is symmetrised, duplicates are merged and self-loops
/// dropped. Features without a negative number are divided by the sum of their row unless they have
/// been already, so that what save_native_npz wrote is read back to the bit; zeros are dropped.
///
/// @throws FileError  a member is missing, malformed or contradicts another one
[[nodiscard]] NodeDataset load_native_npz(const std::string& path);

/// Writes the data set in this layout, adjacency and features as CSR, whole or not at all.
/// @throws InvalidArgument  the data set is not valid, is of several graphs, or its nodes have
///                          several labels
/// @throws FileError        the file cannot be written
void save_native_npz(const std::string& path, const NodeDataset& dataset);

}  // namespace attune::data
