#pragma once

#include <cstdint>

#include <attune/nn/activation.hpp>
#include <attune/nn/dropout.hpp>
#include <attune/nn/graph_layer.hpp>
#include <attune/nn/init.hpp>

namespace attune::nn {

/// Settings of a SAGEConv.
struct SAGEConvOptions {
  std::int64_t in_channels = 0;   ///< required
  std::int64_t out_channels = 0;  ///< required
  double dropout = 0;             ///< probability, on the layer's input, in training only
  bool bias = true;               ///< of the output
  /// Adds the input, after its dropout: as it is where in_channels equals out_channels, else
  /// through a learned projection.
  bool residual = false;
  Activation activation = Activation::none;  ///< applied last
};

/// GraphSAGE with mean aggregation. Hamilton, Ying and Leskovec, "Inductive Representation Learning
/// on Large Graphs", NeurIPS 2017, arXiv 1706.02216, algorithm 1, the concatenation written as a
/// sum of two products and without the projection to the unit sphere, as PyTorch Geometric's
/// SAGEConv:
///
///     y_i = x_i W_root + mean over the neighbours j != i of x_j W_neighbours + b
///
/// A self-loop is no neighbour: the root's own weight stands for it, so that graphs may have them
/// or not. A node that hears nobody else has a mean of zero. Features are projected before they are
/// averaged: sparse ones cost their non-zeros, and messages have out_channels numbers.
///
/// Parameters: root_weight and neighbour_weight [in_channels, out_channels], bias [out_channels],
/// residual_weight [in_channels, out_channels].
class SAGEConv final : public GraphLayer {
 public:
  /// Draws weights Glorot-uniform; the bias starts at zero.
  /// @throws InvalidArgument  a size below 1, a dropout outside [0, 1)
  SAGEConv(const SAGEConvOptions& options, Initializer& init);

  /// @param x      node features, [num_src, in_channels]
  /// @param graph  row i lists the nodes that i hears
  /// @param ctx    mode and random stream
  /// @return       [num_dst, out_channels]
  /// @throws ShapeError  x is not [graph.num_src(), in_channels]
  [[nodiscard]] Variable forward(const Features& x, const graph::Graph& graph,
                                 ForwardContext& ctx) const override;

  [[nodiscard]] std::int64_t output_channels() const noexcept override;

 private:
  SAGEConvOptions options_;
  Dropout dropout_;
  Variable root_weight_;       // [in_channels, out_channels]
  Variable neighbour_weight_;  // [in_channels, out_channels]
  Variable bias_;              // [out_channels]
  Variable residual_weight_;   // [in_channels, out_channels]
};

}  // namespace attune::nn
