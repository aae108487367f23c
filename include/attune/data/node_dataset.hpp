#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <attune/graph/graph.hpp>
#include <attune/sparse/csr_matrix.hpp>

namespace attune::data {

/// Nodes to learn from, to choose by and to be judged on. Disjoint, each ascending.
struct NodeSplit {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
  std::vector<std::int64_t> test;
};

/// One graph whose nodes are to be classified.
struct NodeDataset {
  std::string name;
  graph::Graph graph;                ///< symmetric, without self-loops or duplicates
  sparse::CsrMatrix features;        ///< [num_nodes, num_features], rows sum to one
  std::vector<std::int32_t> labels;  ///< [num_nodes], -1 where unknown
  std::int64_t num_classes = 0;
  NodeSplit split;
  std::string sha256;  ///< of the files it was read from, in the order of their names
  std::string source;  ///< a sentence: folder it was read from, or how it was generated

  [[nodiscard]] std::int64_t num_nodes() const noexcept { return graph.num_nodes(); }
};

/// @throws InvalidArgument  sizes that contradict each other, a label or split node out of range, a
///                          split node without a label, overlapping parts, an empty train part, a
///                          class with no training node, fewer than two classes, a feature that is
///                          not finite. The message names the data set and the item.
void validate(const NodeDataset& dataset);

}  // namespace attune::data
