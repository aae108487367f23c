#include <utility>

#include "train/node_batches.hpp"
#include <attune/autograd/variable.hpp>
#include <attune/graph/builder.hpp>
#include <attune/graph/receptive_field.hpp>
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

}  // namespace

NodeClassification::NodeClassification(const data::NodeDataset& dataset)
    : dataset_(&dataset),
      features_(features_of(dataset.features)),
      graph_(graph::with_self_loops(dataset.graph)) {}

std::optional<RowsPass> NodeClassification::pass(const models::GraphClassifier& model,
                                                 std::span<const std::int64_t> targets) const {
  if (targets.empty()) {
    return std::nullopt;
  }
  const std::int64_t layers = model.options().layers;
  const graph::ReceptiveField field = graph::receptive_field(graph_, targets, layers);
  if (!saves_work(field, graph_)) {
    return std::nullopt;
  }
  return pass_over(field, {features_, dataset_->labels}, model);
}

ClassificationTask NodeClassification::whole_task(const models::GraphClassifier& model) const {
  const auto& split = dataset_->split;
  return {.logits =
              [this, &model](nn::ForwardContext& context) {
                return model.forward(features_, graph_, context);
              },
          .labels = dataset_->labels,
          .train = split.train,
          .validation = split.validation,
          .test = split.test};
}

ClassificationTask NodeClassification::task(const models::GraphClassifier& model,
                                            ComputedNodes computed) const {
  ClassificationTask task = whole_task(model);
  if (computed == ComputedNodes::needed) {
    task.training_pass = pass(model, task.train);
    task.validation_pass = pass(model, task.validation);
  }
  return task;
}

ClassificationTask NodeClassification::task(const models::GraphClassifier& model,
                                            const NodeBatchOptions& batches,
                                            ComputedNodes computed) const {
  ClassificationTask task = whole_task(model);
  task.batches = sampled_batches(graph_, task.train, {features_, task.labels}, model, batches);
  if (computed == ComputedNodes::needed) {
    task.validation_pass = pass(model, task.validation);
  }
  return task;
}

core::Tensor NodeClassification::logits(const models::GraphClassifier& model) const {
  const autograd::NoGradScope no_grad;
  nn::ForwardContext context;
  return model.forward(features_, graph_, context).value();
}

}  // namespace attune::train
