#pragma once

#include <cstdint>

#include <attune/nn/activation.hpp>
#include <attune/nn/dropout.hpp>
#include <attune/nn/graph_layer.hpp>
#include <attune/nn/init.hpp>

namespace attune::nn {

/// Settings of a GCNConv.
struct GCNConvOptions {
  std::int64_t in_channels = 0;   ///< required
  std::int64_t out_channels = 0;  ///< required
  double dropout = 0;             ///< probability, on the layer's input, in training only
  bool bias = true;               ///< of the output
  /// Adds the input, after its dropout: as it is where in_channels equals out_channels, else
  /// through a learned projection.
  bool residual = false;
  Activation activation = Activation::none;  ///< applied last
  /// Refuse a graph in which a node does not hear itself; see GATConvOptions.
  bool expect_self_loops = true;
};

/// Graph convolution. Kipf and Welling, "Semi-Supervised Classification with Graph Convolutional
/// Networks", ICLR 2017, arXiv 1609.02907, eq. 2:
///
///     Y = D^-1/2 A D^-1/2 X W + b
///
/// where A has the self-loops (graph::with_self_loops) and D is its in-degree. A node without
/// in-edges yields what the residual and the bias give.
///
/// Parameters: weight [in_channels, out_channels], bias [out_channels], residual_weight
/// [in_channels, out_channels].
class GCNConv final : public GraphLayer {
 public:
  /// Draws weights Glorot-uniform; the bias starts at zero.
  /// @throws InvalidArgument  a size below 1, a dropout outside [0, 1)
  GCNConv(const GCNConvOptions& options, Initializer& init);

  /// @param x      node features, [num_src, in_channels]
  /// @param graph  row i lists the nodes that i hears
  /// @param ctx    mode and random stream
  /// @return       [num_dst, out_channels]
  /// @throws ShapeError       x is not [graph.num_src(), in_channels]
  /// @throws InvalidArgument  a node has no self-loop, while expect_self_loops
  [[nodiscard]] Variable forward(const Features& x, const graph::Graph& graph,
                                 ForwardContext& ctx) const override;

  [[nodiscard]] std::int64_t output_channels() const noexcept override;

 private:
  GCNConvOptions options_;
  Dropout dropout_;
  Variable weight_;           // [in_channels, out_channels]
  Variable bias_;             // [out_channels]
  Variable residual_weight_;  // [in_channels, out_channels]
};

}  // namespace attune::nn
