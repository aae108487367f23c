#pragma once

#include <cstdint>

#include <attune/nn/dropout.hpp>
#include <attune/nn/graph_layer.hpp>
#include <attune/nn/init.hpp>

/// Every head of every node divided by its length; one shorter than 1e-12 becomes zero.
/// @param x  [n, heads, channels]
/// @throws attune::ShapeError  x is not of rank 3
[[nodiscard]] attune::Variable unit_heads(const attune::Variable& x);

struct CosineConvOptions {
  std::int64_t in_channels = 0;   ///< required
  std::int64_t out_channels = 0;  ///< required, per head
  std::int64_t heads = 1;
  double dropout = 0;  ///< probability, on the layer's input and on alpha, in training only
};

/// Attention by the angle between two projections. For target node i, head h and its in-neighbours
/// j, with u(x) = x / |x|:
///
///     e_ij     = sum_c s_hc u(x_i W_q_h)_c u(x_j W_k_h)_c     logit
///     alpha_ij = exp(e_ij) / sum_k exp(e_ik)                  attention coefficient
///     y_i      = sum_j alpha_ij x_j W_v_h                     heads side by side
///
/// Thekumparampil et al., "Attention-based Graph Neural Network for Semi-supervised Learning",
/// 2018, arXiv 1803.03735, have one head, no projections and one s.
class CosineConv final : public attune::nn::GraphLayer {
 public:
  /// Weights are drawn Glorot-uniform; s starts at 4, so that logits lie in [-4, 4].
  CosineConv(const CosineConvOptions& options, attune::nn::Initializer& init);

  [[nodiscard]] attune::Variable forward(const attune::nn::Features& x,
                                         const attune::graph::Graph& graph,
                                         attune::nn::ForwardContext& ctx) const override;

  [[nodiscard]] std::int64_t output_channels() const noexcept override;

 private:
  CosineConvOptions options_;
  attune::nn::Dropout dropout_;
  attune::Variable query_weight_;  // [in_channels, heads * out_channels]
  attune::Variable key_weight_;    // the same
  attune::Variable value_weight_;  // the same
  attune::Variable scale_;         // [heads, out_channels]
};
