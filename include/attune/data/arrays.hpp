#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include <attune/core/tensor.hpp>
#include <attune/data/node_dataset.hpp>
#include <attune/graph/builder.hpp>

namespace attune::data {

/// Features of nodes in compressed rows, in arrays of the caller.
struct FeatureArrays {
  std::int64_t columns = 0;               ///< features a node, at most 2^22
  std::span<const std::int64_t> row_ptr;  ///< [num_nodes + 1]
  std::span<const std::int64_t> col_idx;  ///< [num_nonzeros], in a row in any order, each once
  std::span<const float> values;          ///< [num_nonzeros]
};

/// What a program that holds a graph in memory makes a data set of.
struct NodeArrays {
  std::string name = "arrays";              ///< for messages, results and checkpoints
  std::span<const graph::Edge> edges = {};  ///< in one direction or in both
  /// A tensor [num_nodes, num_features] in float32, or compressed rows.
  std::variant<core::Tensor, FeatureArrays> features;
  std::span<const std::int32_t> labels;                    ///< [num_nodes], -1 where unknown
  std::optional<std::int64_t> num_classes = std::nullopt;  ///< none: the largest label + 1
  NodeSplit split = {};   ///< each part ascending; no training node: as the rule says
  std::string rule = {};  ///< of with_split()
};

/// A data set of one's own, to be used as those from files are: the graph is symmetrised,
/// duplicates are merged and self-loops dropped. Features without a negative number are divided by
/// the sum of their row unless they have been already; zeros are dropped. save_native_npz() and
/// load_native_npz() give the same data set, to the bit. Its `sha256` is one of the arrays.
/// @throws InvalidArgument  arrays that contradict each other, a node, column or label out of
///                          range, a feature that is not finite; as validate()
/// @throws ShapeError       features that are not float32 of two axes
[[nodiscard]] NodeDataset dataset_of(const NodeArrays& arrays);

}  // namespace attune::data
