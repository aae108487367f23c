#pragma once

#include <cstdint>

#include <attune/data/node_dataset.hpp>

namespace attune::data {

/// What generated graphs with several labels a node look like.
struct GraphGeneratorOptions {
  std::int64_t num_graphs = 24;        ///< in [1, 2^20], more than are validated and tested on
  std::int64_t num_validation = 2;     ///< graphs, at least 0; those before the last ones
  std::int64_t num_test = 2;           ///< graphs, at least 0; the last ones
  std::int64_t nodes_per_graph = 300;  ///< on average, in [2, 2^24]; graphs differ by half of it
  std::int64_t num_labels = 20;        ///< in [2, 2^16]
  std::int64_t labels_per_node = 4;    ///< draws, before repeated ones merge; in [1, 1000]
  std::int64_t num_features = 50;      ///< in [1, 2^16]
  double average_degree = 14;          ///< before duplicates merge; in [0, 10000]
  double homophily = 0.8;  ///< share of edges whose ends have a label in common, in [0, 1]
  double noise = 2;        ///< standard deviation beside a label's signal of 1, at least 0
  std::uint64_t seed = 0;  ///< of everything that is drawn
};

/// Graphs of proteins, so to speak: a node has some of the labels, is joined to nodes with which it
/// has one in common, and its features are the mean of its labels' directions, the same in every
/// graph, under noise that neighbours average out. What is learned on some graphs serves on others.
/// Labels differ in frequency by Zipf's law, to the power of a half.
///
/// The same options give the same bits, on any number of threads. Time and memory O(nodes x
/// (features + labels) + edges).
/// @throws InvalidArgument  an option out of its range
[[nodiscard]] NodeDataset generate_multi_label_graphs(const GraphGeneratorOptions& options);

}  // namespace attune::data
