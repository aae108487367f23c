#pragma once

#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/nn/forward_context.hpp>

namespace attune::cli {

/// Keeps the attention coefficients of every layer.
class AttentionRecorder final : public nn::AttentionSink {
 public:
  void receive(const core::Tensor& alpha) override { layers_.push_back(alpha); }
  [[nodiscard]] const std::vector<core::Tensor>& layers() const noexcept { return layers_; }

 private:
  std::vector<core::Tensor> layers_;
};

/// Keeps the queries and keys of every attention layer of a graph, where all nodes take part.
class HeadRecorder final : public nn::HeadSink {
 public:
  struct Layer {
    Variable queries;  ///< [num_nodes, heads, channels]
    Variable keys;     ///< the same
  };

  void receive(const nn::AttentionHeads& heads) override {
    layers_.push_back({heads.queries, heads.keys});
  }
  [[nodiscard]] const std::vector<Layer>& layers() const noexcept { return layers_; }

 private:
  std::vector<Layer> layers_;
};

}  // namespace attune::cli
