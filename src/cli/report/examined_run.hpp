#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/saved_model.hpp"
#include <attune/core/tensor.hpp>
#include <attune/train/metrics.hpp>

namespace attune::cli {

/// How well a model does on one part of the data.
struct PartMetrics {
  std::int64_t nodes = 0;
  train::ClassificationMetrics metrics;
};

/// What one attention layer of a saved model does on its graph, without dropout.
struct ExaminedLayer {
  core::Tensor queries;     ///< [num_nodes, heads, channels]
  core::Tensor keys;        ///< the same
  core::Tensor alpha;       ///< [num_edges, heads], in the order of the graph's in-edges
  std::vector<double> mmd;  ///< of queries and keys, per head

  [[nodiscard]] std::int64_t heads() const { return queries.size(1); }
  [[nodiscard]] std::int64_t channels() const { return queries.size(2); }
};

/// A saved run and what a page about it shows.
class ExaminedRun {
 public:
  /// Calibration errors have this many bins, as in the paper.
  static constexpr int kEceBins = 10;
  /// The discrepancy is quadratic in the nodes: of more than this a fixed sample is taken.
  static constexpr std::int64_t kMostMmdNodes = 4096;

  /// @throws FileError  as SavedModel; or the data set is not the one that the run was trained on
  ExaminedRun(const std::string& folder, const std::string& data_dir);

  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
  [[nodiscard]] const data::NodeDataset& dataset() const noexcept { return saved_.dataset(); }
  [[nodiscard]] const graph::Graph& graph() const noexcept { return saved_.problem().graph(); }
  [[nodiscard]] const models::GraphClassifier& model() const noexcept { return saved_.model(); }
  [[nodiscard]] const train::Checkpoint& checkpoint() const noexcept { return saved_.checkpoint(); }

  [[nodiscard]] const std::optional<PartMetrics>& train() const noexcept { return train_; }
  [[nodiscard]] const std::optional<PartMetrics>& validation() const noexcept {
    return validation_;
  }
  [[nodiscard]] const std::optional<PartMetrics>& test() const noexcept { return test_; }

  /// Those with attention; empty for a model without.
  [[nodiscard]] const std::vector<ExaminedLayer>& layers() const noexcept { return layers_; }
  /// Summed over heads and layers; with a kernel of width 1, as results of `train` have it.
  [[nodiscard]] std::optional<double> mmd() const;
  /// The same with the width of each layer's median distance: not smaller for smaller clouds alone.
  [[nodiscard]] const std::optional<double>& relative_mmd() const noexcept { return relative_mmd_; }

  [[nodiscard]] std::int32_t predicted_class(std::int64_t node) const;

 private:
  void measure(const core::Tensor& logits);
  void examine_layer(const core::Tensor& queries, const core::Tensor& keys,
                     const core::Tensor& alpha);

  std::string folder_;
  SavedModel saved_;
  core::Tensor logits_;
  std::optional<PartMetrics> train_;
  std::optional<PartMetrics> validation_;
  std::optional<PartMetrics> test_;
  std::vector<ExaminedLayer> layers_;
  std::optional<double> relative_mmd_;
};

}  // namespace attune::cli
