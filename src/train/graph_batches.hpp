#pragma once

#include <cstdint>
#include <span>

#include "train/node_batches.hpp"
#include <attune/graph/graph.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/train/trainer.hpp>

namespace attune::train {

/// Batches of whole graphs, those that have training nodes.
/// @param graph       of all nodes
/// @param graph_ptr   as in graph::GraphBatch
/// @param train       nodes, ascending
/// @param values      what it refers to must outlive the batches, as must `model`
/// @param batch_size  graphs a step
/// @throws InvalidArgument  batch_size below 1; features of edges among the values
[[nodiscard]] TrainingBatches graph_batches(const graph::Graph& graph,
                                            std::span<const std::int64_t> graph_ptr,
                                            std::span<const std::int64_t> train,
                                            const NodeValues& values,
                                            const models::GraphClassifier& model,
                                            std::int64_t batch_size);

}  // namespace attune::train
