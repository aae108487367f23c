#pragma once

#include <cstdint>

#include <attune/nn/activation.hpp>
#include <attune/nn/dropout.hpp>
#include <attune/nn/graph_layer.hpp>
#include <attune/nn/init.hpp>

namespace attune::nn {

/// Settings of a TransformerConv.
struct TransformerConvOptions {
  std::int64_t in_channels = 0;   ///< required
  std::int64_t out_channels = 0;  ///< required, per head
  std::int64_t heads = 1;         ///< at least 1
  bool concat = true;             ///< false averages the heads, as in a last layer
  double dropout = 0;             ///< probability, on the layer's input, in training only
  double attention_dropout = 0;   ///< probability, on alpha, in training only
  double value_dropout = 0;       ///< probability, on the values, in training only
  bool bias = true;               ///< of every projection
  bool root_weight = true;        ///< the skip projection; without it, a node is what it attends to
  /// Mixes what was attended to and the skip projection instead of adding them, by a gate learned
  /// from both. Means nothing without root_weight.
  bool beta = false;
  Activation activation = Activation::none;  ///< applied last
  /// Refuse a graph in which a node does not attend to itself. Off: a node reaches its own output
  /// through the skip projection.
  bool expect_self_loops = false;
  std::int64_t edge_channels = 0;  ///< features an edge that keys and values see; 0: none
};

/// Dot-product attention over the edges of a graph with a skip projection. Shi et al., "Masked
/// Label Prediction: Unified Message Passing Model for Semi-Supervised Classification", IJCAI 2021,
/// arXiv 2009.03509, eqs. 3 to 5. For target node i, head h and its in-neighbours j:
///
///     q_i, k_j, v_j = x_i W_q_h + b_q_h, x_j W_k_h + b_k_h, x_j W_v_h + b_v_h   [out_channels]
///     e_ij          = q_i . k_j / sqrt(out_channels)                            logit
///     alpha_ij      = exp(e_ij) / sum_k exp(e_ik)                attention coefficient
///     m_i           = sum_j alpha_ij v_j
///     r_i           = x_i W_skip + b_skip                        [output_channels()]
///     y_i           = m_i + r_i, or with beta
///     y_i           = (1 - g_i) m_i + g_i r_i,   g_i = sigmoid([m_i, r_i, m_i - r_i] . w_beta)
///
/// With edge_channels the features f_ij of an edge are projected and added to its key and its
/// value, as with edge_dim in PyTorch Geometric: k_j + f_ij W_edge_h and v_j + f_ij W_edge_h. The
/// heads that are reported stay as they are, the keys of nodes. An edge costs edge_channels H
/// multiplications more for either, not edge_channels H C: products with W_edge are the nodes'.
///
/// The heads of m are concatenated or averaged first; the activation comes last. A node without
/// in-edges has m_i = 0. Memory O(N H C + E H): messages [E, H, C] are never formed.
///
///     Initializer init(seed);
///     TransformerConv conv({.in_channels = 1433, .out_channels = 8, .heads = 8}, init);
///     Variable h = conv.forward(x, graph, ctx);  // [num_nodes, 64]
///
/// Parameters: query_weight, key_weight and value_weight [in_channels, heads * out_channels],
/// query_bias, key_bias and value_bias [heads * out_channels], skip_weight [in_channels,
/// output_channels()], skip_bias [output_channels()], and of w_beta beta_heads, beta_skip and
/// beta_difference [output_channels(), 1]; edge_weight [edge_channels, heads * out_channels].
class TransformerConv final : public GraphLayer {
 public:
  /// Draws weights Glorot-uniform; the biases start at zero.
  /// @throws InvalidArgument  a size below 1, edge_channels below 0, a dropout outside [0, 1)
  TransformerConv(const TransformerConvOptions& options, Initializer& init);

  /// @param x      node features, [num_src, in_channels]
  /// @param graph  row i lists the nodes that i attends to
  /// @param ctx    mode and random stream; a head sink receives queries q and keys k, neither
  ///               scaled by sqrt(out_channels), an attention sink alpha
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
  struct Projection {
    Variable weight;  // [in_channels, out]
    Variable bias;    // [out]
  };
  [[nodiscard]] Projection projection(const char* name, std::int64_t out, Initializer& init);
  [[nodiscard]] Variable heads_of(const Features& x, std::int64_t num_rows,
                                  const Projection& projection) const;
  // Heads whose projections are made at a time; options_.heads where they are all kept.
  [[nodiscard]] std::int64_t heads_a_group(const Features& x, const graph::Graph& graph,
                                           const ForwardContext& ctx) const;
  [[nodiscard]] Variable attend_in_groups(const Features& x, const graph::Graph& graph,
                                          std::int64_t group, Variable skip,
                                          ForwardContext& ctx) const;
  // What the layer yields, from the merged heads and the skip projection without its bias.
  [[nodiscard]] Variable with_skip(Variable attended, const Variable& skip) const;
  [[nodiscard]] Variable mix(const Variable& attended, const Variable& skip) const;

  TransformerConvOptions options_;
  Dropout dropout_;
  Dropout value_dropout_;
  Projection query_;
  Projection key_;
  Projection value_;
  Projection skip_;
  Variable beta_heads_;       // [output_channels, 1]
  Variable beta_skip_;        // the same
  Variable beta_difference_;  // the same
  Variable edge_weight_;      // [edge_channels, heads * out_channels]
};

}  // namespace attune::nn
