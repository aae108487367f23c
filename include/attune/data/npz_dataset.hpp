#pragma once

#include <string>

#include <attune/data/node_dataset.hpp>

namespace attune::data {

/// Reads a node-classification data set from one .npz file in any layout that is in use. N nodes, F
/// features:
///
///     attune's own    labels, edge_index or adj_*, features or attr_*, one mask a part: see
///                     load_native_npz()
///     heterophilous   node_labels [N], edges [num_edges, 2], node_features [N, F], train_masks,
///                     val_masks and test_masks [num_splits, N]. Platonov et al., "A critical look
///                     at the evaluation of GNNs under heterophily", ICLR 2023, arXiv 2302.11640
///     gnn-benchmark   labels, adj_* and attr_*, no split. Shchur et al., "Pitfalls of Graph Neural
///                     Network Evaluation", 2018, arXiv 1811.05868
///     pickled         node_label [N], and adj_matrix [N, N] and node_attr [N, F], each a scipy
///                     csr_matrix pickled as an array of one object, no split. Nothing is executed:
///                     opcodes and globals that such files do not need are errors that name them
///
/// The graph is symmetrised, duplicates are merged and self-loops dropped. Features without a
/// negative number are divided by the sum of their row unless they have been already. Of several
/// splits the first is taken; where there is none, `split` is empty: see with_split().
///
/// @throws FileError  a member is missing, malformed or contradicts another one
[[nodiscard]] NodeDataset load_npz(const std::string& path);

}  // namespace attune::data
