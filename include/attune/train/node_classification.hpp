#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/data/node_dataset.hpp>
#include <attune/graph/graph.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/nn/features.hpp>
#include <attune/train/trainer.hpp>

namespace attune::train {

/// What a pass computes of a graph.
enum class ComputedNodes : std::uint8_t {
  /// The nodes that the loss, or the validation, depends on (graph::ReceptiveField), where that is
  /// at most three quarters of the edges over all layers, or of several graphs some; else all.
  needed,
  all,
};

/// How training nodes are dealt out to the steps of an epoch.
struct NodeBatchOptions {
  std::int64_t batch_size = 0;  ///< required: training nodes a step, or graphs, at least 1
  /// One a layer, as graph::NeighborSampler takes them: neighbours that a step looks at. None where
  /// the data set is of several graphs: batch_size then counts these, and a step looks at them
  /// whole.
  std::vector<std::int64_t> fan_outs = {};
};

/// A data set in the form that GraphClassifier takes it: every node hears itself, the features stay
/// sparse unless most of them are not zero. Cheap to copy; several models may be trained on one at
/// the same time.
///
///     const NodeClassification problem(dataset);
///     models::GraphClassifier model(options, seed);
///     Trainer trainer(model.parameters(), problem.task(model), {.seed = seed});
///     const FitResult result = fit(trainer);
class NodeClassification {
 public:
  /// @param dataset  must outlive this and the tasks made from it
  explicit NodeClassification(const data::NodeDataset& dataset);

  /// Both choices lead to the same loss and gradients but for rounding and which numbers dropout
  /// draws for whom; `needed` is several times faster where few nodes are trained on.
  /// @param model      must outlive the task; this must too
  /// @param drop_edge  probability that a training step does without an edge: graph::DropEdge
  /// @throws InvalidArgument  drop_edge outside [0, 1)
  [[nodiscard]] ClassificationTask task(const models::GraphClassifier& model,
                                        ComputedNodes computed = ComputedNodes::needed,
                                        double drop_edge = 0) const;

  /// The same trained in steps over some nodes each, whose neighbours are sampled, or over some
  /// graphs each: no step costs time or memory of the size of all. In an epoch every training node
  /// comes once, in an order of (seed, epoch); what is sampled is a function of (seed, step).
  /// Measured are all validation and test nodes, with all their neighbours.
  /// @throws InvalidArgument  batch_size below 1; not a fan-out a layer, or one that
  ///                          graph::NeighborSampler refuses; no fan-outs beside one graph, or
  ///                          beside a model that sees features of edges
  [[nodiscard]] ClassificationTask task(const models::GraphClassifier& model,
                                        const NodeBatchOptions& batches,
                                        ComputedNodes computed = ComputedNodes::needed) const;

  /// A pass over the whole graph, with features of the edges where the model sees them.
  /// @return  [num_nodes, num_classes]
  /// @throws ShapeError  the model takes other features of nodes or edges than there are
  [[nodiscard]] Variable forward(const models::GraphClassifier& model,
                                 nn::ForwardContext& context) const;

  /// Of an evaluation pass, [num_nodes, num_classes].
  [[nodiscard]] core::Tensor logits(const models::GraphClassifier& model) const;

  /// That it was made from.
  [[nodiscard]] const data::NodeDataset& dataset() const noexcept { return *dataset_; }
  /// Of a pass over all nodes, as evaluate_predictions() or evaluate_multi_label() measures it.
  [[nodiscard]] ClassificationMetrics measure(const core::Tensor& logits,
                                              std::span<const std::int64_t> nodes,
                                              const MetricsOptions& options = {}) const;

  /// [num_nodes, in_channels], dense or sparse.
  [[nodiscard]] const nn::Features& features() const noexcept { return features_; }
  /// With self-loops.
  [[nodiscard]] const graph::Graph& graph() const noexcept { return graph_; }
  /// Of the edges of graph(), a self-loop's the mean of those of the other edges into its node;
  /// undefined where the data set has none.
  [[nodiscard]] const Variable& edge_features() const noexcept { return edge_features_; }

 private:
  [[nodiscard]] Variable edges_seen_by(const models::GraphClassifier& model) const;
  [[nodiscard]] ClassificationTask whole_task(const models::GraphClassifier& model,
                                              double drop_edge) const;
  [[nodiscard]] std::optional<RowsPass> pass(const models::GraphClassifier& model,
                                             std::span<const std::int64_t> targets,
                                             double drop_edge) const;

  const data::NodeDataset* dataset_;
  nn::Features features_;
  graph::Graph graph_;
  Variable edge_features_;  // undefined: none
};

}  // namespace attune::train
