#pragma once

#include <string>

#include <attune/data/node_dataset.hpp>

namespace attune::data {

/// Reads several graphs whose nodes have several labels, as the protein interactions of Hamilton et
/// al., "Inductive Representation Learning on Large Graphs", NeurIPS 2017, arXiv 1706.02216, come
/// in DGL's and PyTorch Geometric's ppi.zip. For PART = train, valid and test, with N nodes:
///
///     PART_graph.json    node-link form of networkx: an object with `nodes`, objects whose `id`
///                        are the numbers 0 to N - 1, and `links` (or `edges`), objects whose
///                        `source` and `target` are such numbers. All else in them is left alone
///     PART_feats.npy     [N, F] numbers
///     PART_labels.npy    [N, L] zeros and ones
///     PART_graph_id.npy  [N] integers: the graph of a node
///
/// The graphs of train come first, then those of valid, then those of test, each part by its
/// numbers; nodes of a graph keep their order. Each graph is symmetrised, duplicates are merged and
/// self-loops dropped. Features stay as they are. The split `public` has the nodes of each part.
/// @throws FileError  a file is missing or malformed, is larger than 8 GiB, or contradicts another
///                    one: says file and item, as in `links[17].source`
[[nodiscard]] NodeDataset load_graph_folder(const std::string& folder);

/// Whether the folder has the first of these files.
[[nodiscard]] bool is_graph_folder(const std::string& folder);

/// Writes a data set in this layout; the folder is made if it is missing. Read back, it is the same
/// where its graphs come in the order of their parts.
/// @throws InvalidArgument  the data set is not valid, its nodes have one label each, or a graph
///                          has nodes of two parts of the split or of none
/// @throws FileError        the system refuses
void save_graph_folder(const std::string& folder, const NodeDataset& dataset);

}  // namespace attune::data
