#pragma once

#include <string>

#include <attune/data/node_dataset.hpp>

namespace attune::data {

/// A citation network in the files of Yang et al., "Revisiting Semi-Supervised Learning with Graph
/// Embeddings", ICML 2016, arXiv 1603.08861: `ind.NAME.PART` for x, y (training nodes), allx, ally
/// (all but the test nodes, the training nodes first), tx, ty, test.index (test nodes) and graph.
///
/// As the literature has it: train = the rows of x, validation = the next 500 rows of allx, test =
/// test.index, whose i-th line names the node of row i of tx. The graph is symmetrised, duplicates
/// are merged and self-loops dropped; an attention layer that wants self-loops gets them from
/// graph::with_self_loops. Rows of features are divided by their sum and stay sparse. Nodes that
/// test.index skips (15 in CiteSeer) are in the graph without features and without a label.
///
/// The pickles are read by an interpreter of the opcodes and globals that such files need; nothing
/// is executed.
///
/// @throws FileError  a file is missing (of Cora, CiteSeer and PubMed the message names its public
///                    address and checksum), malformed, or contradicts another one
[[nodiscard]] NodeDataset load_planetoid(const std::string& folder, const std::string& name);

}  // namespace attune::data
