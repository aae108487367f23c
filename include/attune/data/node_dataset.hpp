#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/graph/graph.hpp>
#include <attune/sparse/csr_matrix.hpp>

namespace attune::data {

/// Nodes to learn from, to choose by and to be judged on. Disjoint, each ascending.
struct NodeSplit {
  std::vector<std::int64_t> train;       ///< nodes whose labels are learned
  std::vector<std::int64_t> validation;  ///< nodes by which the epoch is chosen; may be empty
  std::vector<std::int64_t> test;        ///< nodes that are judged on, once; may be empty
};

/// One graph whose nodes are to be classified, or several that are learned from together and judged
/// on graphs apart. A node is of one class, or has any number of labels.
struct NodeDataset {
  std::string name;                  ///< as load_dataset() was asked for it, or of the file
  graph::Graph graph;                ///< symmetric, without self-loops or duplicates
  sparse::CsrMatrix features;        ///< [num_nodes, num_features]; rows sum to one, unless a
                                     ///< number is negative or the loader says otherwise
  std::vector<std::int32_t> labels;  ///< [num_nodes], -1 where unknown; empty beside `targets`
  std::int64_t num_classes = 0;      ///< at least 2; beside `targets` the labels that there are
  NodeSplit split;                   ///< that is trained with
  std::string sha256;                ///< of the files it was read from, in the order of their names
  std::string source;  ///< a sentence: folder it was read from, or how it was generated
  /// Those that the files bring; `split` is one of them or another one.
  std::vector<NodeSplit> splits = {};
  /// What with_split() took: `public`, `3`, `random:0`. Empty where nobody said.
  std::string split_name = {};
  /// [num_nodes, num_classes], 1 where a node has a label and 0 where not; undefined where a node
  /// is of one class.
  core::Tensor targets = {};
  /// Nodes graph_ptr[g] to graph_ptr[g + 1] - 1 are those of graph g, as in graph::GraphBatch;
  /// empty: all are of one graph.
  std::vector<std::int64_t> graph_ptr = {};
  /// [graph.num_edges(), edge_channels()], float32, in the order of graph.in_edges(); undefined
  /// where edges have no features.
  core::Tensor edge_features = {};

  /// Nodes may have several labels.
  [[nodiscard]] bool multi_label() const noexcept { return targets.defined(); }
  /// That `graph` consists of.
  [[nodiscard]] std::int64_t num_graphs() const noexcept {
    return graph_ptr.empty() ? 1 : std::ssize(graph_ptr) - 1;
  }
  /// Of the graph.
  [[nodiscard]] std::int64_t num_nodes() const noexcept { return graph.num_nodes(); }
  /// Features an edge; 0: none.
  [[nodiscard]] std::int64_t edge_channels() const noexcept {
    return edge_features.defined() ? edge_features.size(1) : 0;
  }
};

/// Both of those below.
void validate(const NodeDataset& dataset);

/// Everything but the split.
/// @throws InvalidArgument  sizes that contradict each other, a label out of range, fewer than two
///                          classes, a target that is neither 0 nor 1, an edge from one graph to
///                          another, a feature of a node or edge that is not finite. The message
///                          names the data set and the item.
void validate_nodes(const NodeDataset& dataset);

/// A class may be without training nodes: among published splits of small graphs some are.
/// @throws InvalidArgument  a node out of range or without a label, parts that overlap or do not
///                          ascend, an empty train part or one of a single class
void validate_split(const NodeDataset& dataset, const NodeSplit& split);

}  // namespace attune::data
