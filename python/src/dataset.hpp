#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include <attune/data/node_dataset.hpp>
#include <attune/train/node_classification.hpp>

namespace attune::python {

/// A data set and, once somebody trains on it or applies a model to it, the form that models take.
class Dataset {
 public:
  explicit Dataset(data::NodeDataset data) : data_(std::move(data)) {}
  Dataset(const Dataset&) = delete;  // the problem refers to the data
  Dataset& operator=(const Dataset&) = delete;

  [[nodiscard]] const data::NodeDataset& data() const noexcept { return data_; }

  [[nodiscard]] const train::NodeClassification& problem() const {
    std::call_once(once_,
                   [this] { problem_ = std::make_unique<train::NodeClassification>(data_); });
    return *problem_;
  }

 private:
  data::NodeDataset data_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<train::NodeClassification> problem_;
};

}  // namespace attune::python
