#pragma once

#include <cstdint>

#include <attune/nn/activation.hpp>
#include <attune/nn/dropout.hpp>
#include <attune/nn/graph_layer.hpp>
#include <attune/nn/init.hpp>

namespace attune::nn {

/// Settings of a GATv2Conv.
struct GATv2ConvOptions {
  std::int64_t in_channels = 0;   ///< required
  std::int64_t out_channels = 0;  ///< required, per head
  std::int64_t heads = 1;         ///< at least 1
  bool concat = true;             ///< false averages the heads, as in a last layer
  double negative_slope = 0.2;    ///< of the LeakyReLU inside the logits
  double dropout = 0;             ///< probability, on the layer's input, in training only
  double attention_dropout = 0;   ///< probability, on alpha, in training only
  /// Probability, in training only, on the projected features that are summed, not on those that
  /// make the logits.
  double value_dropout = 0;
  bool bias = true;  ///< of both projections and of the output
  /// One projection for the node that attends and the one that is attended to. Queries and keys are
  /// then the same cloud, and there is nothing to align.
  bool share_weights = false;
  /// Adds the input, after its dropout: as it is where in_channels equals output_channels(), else
  /// through a learned projection.
  bool residual = false;
  Activation activation = Activation::none;  ///< applied last
  /// Refuse a graph in which a node does not attend to itself; see GATConvOptions.
  bool expect_self_loops = true;
  std::int64_t edge_channels = 0;  ///< features an edge that the logits see; 0: none
};

/// Graph attention layer whose ranking of neighbours depends on the node that attends. Brody, Alon
/// and Yahav, "How Attentive are Graph Attention Networks?", ICLR 2022, arXiv 2105.14491, eq. 7.
/// For target node i, head h and its in-neighbours j:
///
///     q_i, k_j = x_i W_dst_h + b_dst_h, x_j W_src_h + b_src_h   [out_channels]
///     e_ij     = a_h . LeakyReLU(q_i + k_j)                     logit
///     alpha_ij = exp(e_ij) / sum_k exp(e_ik)                    attention coefficient
///     y_i      = sum_j alpha_ij k_j
///
/// With edge_channels the logit sees features f_ij of the edges, as with edge_dim in PyTorch
/// Geometric: e_ij = a_h . LeakyReLU(q_i + k_j + f_ij W_edge_h). What is summed and the heads that
/// are reported stay as they are. f_ij W_edge is made for some edges at a time and never stored; an
/// edge costs edge_channels H C multiplications more, forward and three times backward.
///
/// Heads are concatenated or averaged, then residual and bias are added and the activation applied.
/// A node without in-edges yields what the residual and the bias give. Memory O(N H C + E H):
/// neither messages nor sums q_i + k_j, [E, H, C], are formed; an edge costs H C multiplications
/// more than in GATConv.
///
///     Initializer init(seed);
///     GATv2Conv conv({.in_channels = 1433, .out_channels = 8, .heads = 8}, init);
///     Variable h = conv.forward(x, graph::with_self_loops(graph), ctx);  // [num_nodes, 64]
///
/// Parameters: src_weight and dst_weight [in_channels, heads * out_channels], src_bias and dst_bias
/// [heads * out_channels], att [heads, out_channels], bias [output_channels()], residual_weight
/// [in_channels, output_channels()]. Those of dst are missing where weights are shared. edge_weight
/// [edge_channels, heads * out_channels].
class GATv2Conv final : public GraphLayer {
 public:
  /// Draws weights Glorot-uniform; the biases start at zero.
  /// @throws InvalidArgument  a size below 1, edge_channels below 0, a dropout outside [0, 1),
  /// negative_slope not finite
  GATv2Conv(const GATv2ConvOptions& options, Initializer& init);

  /// @param x      node features, [num_src, in_channels]
  /// @param graph  row i lists the nodes that i attends to
  /// @param ctx    mode and random stream; a head sink receives queries q and keys k, an attention
  ///               sink alpha
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
  // Heads whose projections are made at a time; options_.heads where they are all kept.
  [[nodiscard]] std::int64_t heads_a_group(const Features& x, const graph::Graph& graph,
                                           const ForwardContext& ctx) const;
  [[nodiscard]] Variable attend_in_groups(const Features& x, const graph::Graph& graph,
                                          std::int64_t group, Variable residual,
                                          ForwardContext& ctx) const;

  GATv2ConvOptions options_;
  Dropout dropout_;
  Dropout value_dropout_;
  Variable src_weight_;       // [in_channels, heads * out_channels]
  Variable dst_weight_;       // the same
  Variable src_bias_;         // [heads * out_channels]
  Variable dst_bias_;         // the same
  Variable att_;              // [heads, out_channels]
  Variable bias_;             // [output_channels]
  Variable residual_weight_;  // [in_channels, output_channels]
  Variable edge_weight_;      // [edge_channels, heads * out_channels]
};

}  // namespace attune::nn
