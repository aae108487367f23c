#include <attune/autograd/variable.hpp>
#include <attune/graph/builder.hpp>
#include <attune/train/node_classification.hpp>

namespace attune::train {

NodeClassification::NodeClassification(const data::NodeDataset& dataset)
    : dataset_(&dataset),
      features_(dataset.features),
      graph_(graph::with_self_loops(dataset.graph)) {}

ClassificationTask NodeClassification::task(const models::GraphClassifier& model) const {
  return {.logits =
              [this, &model](nn::ForwardContext& context) {
                return model.forward(features_, graph_, context);
              },
          .labels = dataset_->labels,
          .train = dataset_->split.train,
          .validation = dataset_->split.validation,
          .test = dataset_->split.test};
}

core::Tensor NodeClassification::logits(const models::GraphClassifier& model) const {
  const autograd::NoGradScope no_grad;
  nn::ForwardContext context;
  return model.forward(features_, graph_, context).value();
}

}  // namespace attune::train
