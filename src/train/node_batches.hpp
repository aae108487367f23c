#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <attune/autograd/variable.hpp>
#include <attune/core/tensor.hpp>
#include <attune/graph/drop_edge.hpp>
#include <attune/graph/graph.hpp>
#include <attune/graph/receptive_field.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/nn/features.hpp>
#include <attune/train/node_classification.hpp>
#include <attune/train/trainer.hpp>

namespace attune::train {

/// What is known of all nodes.
struct NodeValues {
  const nn::Features& features;          ///< [num_nodes, in_channels]
  std::span<const std::int32_t> labels;  ///< [num_nodes]; empty beside targets
  core::Tensor targets;                  ///< [num_nodes, num_labels]; undefined beside labels
  Variable edge_features = {};           ///< of the edges; undefined where the model sees none
};

/// Labels of some nodes in their order; none where there are none.
[[nodiscard]] std::vector<std::int32_t> labels_of(const NodeValues& values,
                                                  std::span<const std::int64_t> nodes);
/// The same of targets, [nodes.size(), num_labels].
[[nodiscard]] core::Tensor targets_of(const NodeValues& values,
                                      std::span<const std::int64_t> nodes);

/// Computes the targets of a field from a copy of their part of the features.
/// @param model  must outlive the pass
/// @param drop   thins the blocks of the field in training; none: every edge stays
[[nodiscard]] RowsPass pass_over(const graph::ReceptiveField& field, const NodeValues& values,
                                 const models::GraphClassifier& model,
                                 std::optional<graph::DropEdge> drop = std::nullopt);

/// Batches of training nodes with sampled neighbours.
/// @param values  what it refers to must outlive the batches, as must `train` and `model`
/// @throws InvalidArgument  as NodeClassification::task()
[[nodiscard]] TrainingBatches sampled_batches(const graph::Graph& graph,
                                              std::span<const std::int64_t> train,
                                              const NodeValues& values,
                                              const models::GraphClassifier& model,
                                              const NodeBatchOptions& options);

}  // namespace attune::train
