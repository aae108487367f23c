#pragma once

#include <cstdint>

#include <attune/nn/activation.hpp>
#include <attune/nn/dropout.hpp>
#include <attune/nn/graph_layer.hpp>
#include <attune/nn/init.hpp>

namespace attune::nn {

/// What a GATConv reports as query and key of a head. The logit is the leaky ReLU of the sum of all
/// their entries either way.
enum class GATHeads : std::uint8_t {
  product,  ///< a_dst * z and a_src * z, elementwise: out_channels numbers
  logit,    ///< a_dst . z and a_src . z: one number, so that a distance costs that much less
};

/// Settings of a GATConv.
struct GATConvOptions {
  std::int64_t in_channels = 0;   ///< required
  std::int64_t out_channels = 0;  ///< required, per head
  std::int64_t heads = 1;         ///< at least 1
  bool concat = true;             ///< false averages the heads, as in a last layer
  double negative_slope = 0.2;    ///< of the LeakyReLU on the logits
  double dropout = 0;             ///< probability, on the layer's input, in training only
  double attention_dropout = 0;   ///< probability, on alpha, in training only
  /// Probability, in training only, on the projected features that are summed, not on those that
  /// make the logits. The authors' code has it, at the rate of `dropout`; their paper does not.
  double value_dropout = 0;
  bool bias = true;  ///< of the output
  /// Adds the input, after its dropout: as it is where in_channels equals output_channels(), else
  /// through a learned projection.
  bool residual = false;
  Activation activation = Activation::none;  ///< the paper's sigma, applied last
  /// Refuse a graph in which a node does not attend to itself, the slip that costs accuracy without
  /// a sign. The check is free; graph::with_self_loops() is called once, before training.
  bool expect_self_loops = true;
  GATHeads reported = GATHeads::product;  ///< to a head sink; no output depends on it
  std::int64_t edge_channels = 0;         ///< features an edge that the logits see; 0: none
};

/// Graph attention layer. Velickovic et al., "Graph Attention Networks", ICLR 2018,
/// arXiv 1710.10903, eqs. 1-6. For target node i, head h and its in-neighbours j:
///
///     z_j      = x_j W_h                                   [out_channels]
///     e_ij     = LeakyReLU(a_dst_h . z_i + a_src_h . z_j)  logit
///     alpha_ij = exp(e_ij) / sum_k exp(e_ik)               attention coefficient
///     y_i      = sum_j alpha_ij z_j
///
/// With edge_channels the logit sees features f_ij of the edges, as with edge_dim in PyTorch
/// Geometric: e_ij = LeakyReLU(... + a_edge_h . (f_ij W_edge_h)). What is summed and the heads that
/// are reported stay as they are. f_ij is multiplied by the product of weight and vector,
/// [edge_channels, heads], so that an edge costs edge_channels * heads multiplications.
///
/// Heads are concatenated or averaged, then residual and bias are added and the activation applied.
/// A node without in-edges yields what the residual and the bias give. Memory O(N H C + E H):
/// messages [E, H, C] are never formed.
///
///     Initializer init(seed);
///     GATConv conv({.in_channels = 1433, .out_channels = 8, .heads = 8}, init);
///     Variable h = conv.forward(x, graph::with_self_loops(graph), ctx);  // [num_nodes, 64]
///
/// Parameters: weight [in_channels, heads * out_channels], att_src and att_dst [heads,
/// out_channels], bias [output_channels()], residual_weight [in_channels, output_channels()];
/// edge_weight [edge_channels, heads * out_channels] and att_edge [heads, out_channels].
class GATConv final : public GraphLayer {
 public:
  /// Draws weights Glorot-uniform; the bias starts at zero.
  /// @throws InvalidArgument  a size below 1, edge_channels below 0, a dropout outside [0, 1),
  ///                          negative_slope not finite
  GATConv(const GATConvOptions& options, Initializer& init);

  /// @param x      node features, [num_src, in_channels]
  /// @param graph  row i lists the nodes that i attends to
  /// @param ctx    mode and random stream; a head sink receives the queries and keys that
  ///               options.reported names, an attention sink alpha
  /// @return       [num_dst, output_channels()]
  /// @throws ShapeError       x is not [graph.num_src(), in_channels]
  /// @throws InvalidArgument  a node has no self-loop, while expect_self_loops
  [[nodiscard]] Variable forward(const Features& x, const graph::Graph& graph,
                                 ForwardContext& ctx) const override;

  /// @param edge_features  [num_edges, edge_channels], in the order of graph.in_edges(); undefined
  ///                       where edge_channels is 0
  /// @throws as above; ShapeError where edge_features has another shape or is missing
  [[nodiscard]] Variable forward_with_edges(const Features& x, const graph::Graph& graph,
                                            const Variable& edge_features,
                                            ForwardContext& ctx) const override;

  /// heads * out_channels, or out_channels where heads are averaged.
  [[nodiscard]] std::int64_t output_channels() const noexcept override;

 private:
  [[nodiscard]] Variable edge_terms(const Variable& edge_features) const;  // [num_edges, heads]
  void report_heads(const Variable& z, std::int64_t num_dst, HeadSink& sink) const;

  GATConvOptions options_;
  Dropout dropout_;
  Dropout value_dropout_;
  Variable weight_;           // [in_channels, heads * out_channels]
  Variable att_src_;          // [heads, out_channels]
  Variable att_dst_;          // [heads, out_channels]
  Variable bias_;             // [output_channels]
  Variable residual_weight_;  // [in_channels, output_channels]
  Variable edge_weight_;      // [edge_channels, heads * out_channels]
  Variable att_edge_;         // [heads, out_channels]
};

}  // namespace attune::nn
