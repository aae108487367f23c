#include <memory>
#include <utility>
#include <vector>

#include "train/graph_batches.hpp"
#include "train/node_batches.hpp"
#include "train/thinned_graphs.hpp"
#include <attune/autograd/variable.hpp>
#include <attune/graph/builder.hpp>
#include <attune/graph/drop_edge.hpp>
#include <attune/graph/receptive_field.hpp>
#include <attune/sparse/edge_features.hpp>
#include <attune/train/multi_label_metrics.hpp>
#include <attune/train/node_classification.hpp>

namespace attune::train {

namespace {

// Its features and edges are a copy, which a quarter of the work less must be worth.
bool saves_work(const graph::ReceptiveField& field, const graph::Graph& graph) {
  std::int64_t edges = 0;
  for (const graph::Graph& block : field.blocks) {
    edges += block.num_edges();
  }
  return 4 * edges <= 3 * graph.num_edges() * std::ssize(field.blocks);
}

// Where most numbers are not zero, a sparse form costs more than it saves: with 128 of 128 features
// an epoch takes 1.4 times as long.
nn::Features features_of(const sparse::CsrMatrix& features) {
  constexpr double kDense = 0.5;
  const auto rows = static_cast<double>(features.rows());
  const auto columns = static_cast<double>(features.columns());
  if (static_cast<double>(features.num_nonzeros()) < kDense * rows * columns) {
    return features;
  }
  return autograd::Variable(sparse::to_dense(features));
}

// In the order of the graph with self-loops.
Variable edge_features_of(const data::NodeDataset& dataset) {
  if (!dataset.edge_features.defined()) {
    return {};
  }
  // Its edges numbered as they stand there, since the data set's features are in that order.
  const graph::CsrView in = dataset.graph.in_edges();
  const graph::Graph numbered({in.row_ptr.begin(), in.row_ptr.end()},
                              {in.col_idx.begin(), in.col_idx.end()});
  return sparse::order_edge_features(graph::with_self_loops(numbered),
                                     Variable(dataset.edge_features));
}

}  // namespace

NodeClassification::NodeClassification(const data::NodeDataset& dataset)
    : dataset_(&dataset),
      features_(features_of(dataset.features)),
      graph_(graph::with_self_loops(dataset.graph)),
      edge_features_(edge_features_of(dataset)) {}

Variable NodeClassification::edges_seen_by(const models::GraphClassifier& model) const {
  return model.options().edge_channels > 0 ? edge_features_ : Variable();
}

Variable NodeClassification::forward(const models::GraphClassifier& model,
                                     nn::ForwardContext& context) const {
  return model.forward(features_, graph_, edges_seen_by(model), context);
}

std::optional<RowsPass> NodeClassification::pass(const models::GraphClassifier& model,
                                                 std::span<const std::int64_t> targets,
                                                 double drop_edge) const {
  if (targets.empty()) {
    return std::nullopt;
  }
  const std::int64_t layers = model.options().layers;
  const graph::ReceptiveField field = graph::receptive_field(graph_, targets, layers);
  // Of several graphs, what regularisers learn from must not depend on those that are judged on.
  if (dataset_->num_graphs() == 1 && !saves_work(field, graph_)) {
    return std::nullopt;
  }
  return pass_over(
      field, {features_, dataset_->labels, dataset_->targets, edges_seen_by(model)}, model,
      drop_edge != 0 ? std::optional<graph::DropEdge>(std::in_place, graph_, field, drop_edge)
                     : std::nullopt);
}

ClassificationTask NodeClassification::whole_task(const models::GraphClassifier& model,
                                                  double drop_edge) const {
  const auto& split = dataset_->split;
  const auto graphs = std::make_shared<ThinnedGraphs>(
      graph_, edges_seen_by(model),
      drop_edge != 0 ? std::optional<graph::DropEdge>(std::in_place, graph_, drop_edge)
                     : std::nullopt);
  ClassificationTask task{
      .logits =
          [this, &model, graphs](nn::ForwardContext& context) {
            const ThinnedGraphs::Pass pass = graphs->of(context);
            return model.forward(
                features_, pass.graphs.front(),
                pass.edge_features.empty() ? Variable() : pass.edge_features.front(), context);
          },
      .labels = dataset_->labels,
      .train = split.train,
      .validation = split.validation,
      .test = split.test,
      .targets = dataset_->targets};
  task.buffers = model.buffers();
  return task;
}

ClassificationTask NodeClassification::task(const models::GraphClassifier& model,
                                            ComputedNodes computed, double drop_edge) const {
  ClassificationTask task = whole_task(model, drop_edge);
  if (computed == ComputedNodes::needed) {
    task.training_pass = pass(model, task.train, drop_edge);
    task.validation_pass = pass(model, task.validation, 0);
  }
  return task;
}

ClassificationTask NodeClassification::task(const models::GraphClassifier& model,
                                            const NodeBatchOptions& batches,
                                            ComputedNodes computed) const {
  ClassificationTask task = whole_task(model, 0);
  const NodeValues values{features_, task.labels, task.targets, edges_seen_by(model)};
  const bool whole_graphs = dataset_->num_graphs() > 1 && batches.fan_outs.empty();
  task.batches = whole_graphs ? graph_batches(graph_, dataset_->graph_ptr, task.train, values,
                                              model, batches.batch_size)
                              : sampled_batches(graph_, task.train, values, model, batches);
  if (computed == ComputedNodes::needed) {
    task.validation_pass = pass(model, task.validation, 0);
  }
  return task;
}

ClassificationMetrics NodeClassification::measure(const core::Tensor& logits,
                                                  std::span<const std::int64_t> nodes,
                                                  const MetricsOptions& options) const {
  return dataset_->multi_label() ? evaluate_multi_label(logits, dataset_->targets, nodes, options)
                                 : evaluate_predictions(logits, dataset_->labels, nodes, options);
}

core::Tensor NodeClassification::logits(const models::GraphClassifier& model) const {
  const autograd::NoGradScope no_grad;
  nn::ForwardContext context;
  return forward(model, context).value();
}

}  // namespace attune::train
