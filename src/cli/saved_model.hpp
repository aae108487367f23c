#pragma once

#include <memory>
#include <string>

#include <attune/core/tensor.hpp>
#include <attune/data/node_dataset.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/nn/forward_context.hpp>
#include <attune/train/checkpoint.hpp>
#include <attune/train/node_classification.hpp>

namespace attune::cli {

/// A trained model beside a data set it can be applied to.
class SavedModel {
 public:
  /// @param dataset  name; empty for the one it was trained on
  /// @param split    rule; empty for the one it was trained on, of another data set its first
  /// @throws FileError  the checkpoint is damaged, or the data set has not the features and classes
  ///                    that the model takes
  SavedModel(const std::string& folder, const std::string& dataset, const std::string& data_dir,
             const std::string& split = {});
  SavedModel(const SavedModel&) = delete;  // the problem refers to the data set
  SavedModel& operator=(const SavedModel&) = delete;

  /// Of an evaluation pass, [num_nodes, num_classes].
  [[nodiscard]] core::Tensor logits(nn::AttentionSink* attention = nullptr,
                                    nn::HeadSink* heads = nullptr) const;

  [[nodiscard]] const data::NodeDataset& dataset() const noexcept { return dataset_; }
  [[nodiscard]] const train::NodeClassification& problem() const noexcept { return *problem_; }
  [[nodiscard]] const models::GraphClassifier& model() const noexcept { return *model_; }
  /// What it was loaded from.
  [[nodiscard]] const train::Checkpoint& checkpoint() const noexcept { return checkpoint_; }

 private:
  train::Checkpoint checkpoint_;
  data::NodeDataset dataset_;
  std::unique_ptr<train::NodeClassification> problem_;
  std::unique_ptr<models::GraphClassifier> model_;
};

}  // namespace attune::cli
