#include "cli/saved_model.hpp"

#include <variant>

#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/registry.hpp>

namespace attune::cli {
namespace {

std::string name_of_dataset(const train::Checkpoint& checkpoint) {
  const auto found = checkpoint.description.dataset.find("name");
  if (found == checkpoint.description.dataset.end() ||
      !std::holds_alternative<std::string>(found->second)) {
    throw FileError(checkpoint.path, "expected the name of the data set, found none");
  }
  return std::get<std::string>(found->second);
}

// Empty, for the first one, where the checkpoint does not say.
std::string split_of_dataset(const train::Checkpoint& checkpoint) {
  const auto found = checkpoint.description.dataset.find("split");
  const bool there = found != checkpoint.description.dataset.end() &&
                     std::holds_alternative<std::string>(found->second);
  return there ? std::get<std::string>(found->second) : std::string();
}

void require_fit(const train::Checkpoint& checkpoint, const models::GraphClassifierOptions& options,
                 const data::NodeDataset& dataset) {
  const std::string& path = checkpoint.path;
  // The key is there only where it is true.
  if (checkpoint.description.dataset.contains("multi_label") != dataset.multi_label()) {
    throw FileError(path, core::text("the model gives a node ",
                                     dataset.multi_label() ? "one class" : "several labels",
                                     "; nodes of ", dataset.name, " have ",
                                     dataset.multi_label() ? "several labels" : "one class"));
  }
  if (options.in_channels != dataset.features.columns() ||
      options.num_classes != dataset.num_classes) {
    throw FileError(path, core::text("the model takes ", options.in_channels, " features and ",
                                     options.num_classes, " classes; ", dataset.name, " has ",
                                     dataset.features.columns(), " and ", dataset.num_classes));
  }
  if (options.edge_channels > 0 && options.edge_channels != dataset.edge_channels()) {
    throw FileError(path,
                    core::text("the model takes ", options.edge_channels, " features of an edge; ",
                               dataset.name, " has ", dataset.edge_channels()));
  }
}

}  // namespace

SavedModel::SavedModel(const std::string& folder, const std::string& dataset,
                       const std::string& data_dir, const std::string& split)
    : checkpoint_(train::load_checkpoint(folder)) {
  const models::GraphClassifierOptions options = [&] {
    try {
      return train::graph_classifier_options(checkpoint_.description.model);
    } catch (const InvalidArgument& error) {
      throw FileError(checkpoint_.path, error.what());
    }
  }();
  dataset_ = dataset.empty()
                 ? data::load_dataset(name_of_dataset(checkpoint_), data_dir,
                                      split.empty() ? split_of_dataset(checkpoint_) : split)
                 : data::load_dataset(dataset, data_dir, split);
  require_fit(checkpoint_, options, dataset_);
  problem_ = std::make_unique<train::NodeClassification>(dataset_);
  model_ = std::make_unique<models::GraphClassifier>(options, 0);
  train::load_best_parameters(*model_, checkpoint_);
}

core::Tensor SavedModel::logits(nn::AttentionSink* attention, nn::HeadSink* heads) const {
  const autograd::NoGradScope no_grad;
  nn::ForwardContext ctx;
  ctx.attention_sink = attention;
  ctx.head_sink = heads;
  return problem_->forward(*model_, ctx).value();
}

}  // namespace attune::cli
