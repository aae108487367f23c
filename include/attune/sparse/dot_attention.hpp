#pragma once

#include <attune/autograd/variable.hpp>
#include <attune/core/random.hpp>
#include <attune/graph/graph.hpp>
#include <attune/sparse/edge_features.hpp>

namespace attune::sparse {

/// Settings of dot_attention().
struct DotAttentionOptions {
  double dropout = 0;  ///< of the attention coefficients, in [0, 1)
};

/// Scaled dot-product attention over the edges of a graph, as in Shi et al., "Masked label
/// prediction" (IJCAI 2021), equation 3:
///
///     logit[e, h] = queries[i, h] . keys[j, h] / sqrt(channels)   for edge e = j -> i
///     alpha[e, h] = softmax of logit over the edges into i
///     out[i, h]   = sum over the edges into i of dropout(alpha[e, h]) values[j, h]
///
/// Cost, memory and determinism as of gat_attention(), which also explains the parameters that are
/// not described here.
/// @param queries       [num_dst, heads, channels]
/// @param keys, values  [num_src, heads, channels]
/// @return [num_dst, heads, channels]; zero for a node without in-edges
/// @throws ShapeError       shapes or element types do not fit
/// @throws InvalidArgument  dropout outside [0, 1)
[[nodiscard]] Variable dot_attention(const graph::Graph& graph, const Variable& queries,
                                     const Variable& keys, const Variable& values,
                                     const DotAttentionOptions& options,
                                     const core::RandomStream* dropout_stream = nullptr,
                                     core::Tensor* alpha = nullptr);

/// What dot_attention() reads; the edges may be left out.
struct DotInputs {
  Variable queries;         ///< [num_dst, heads, channels]
  Variable keys;            ///< [num_src, heads, channels]
  Variable values;          ///< the same
  EdgeFeatures edges = {};  ///< what is added to the key and the value of an edge: features W
};

/// The same with everything that there is. With features f_e of the edges
///
///     logit[e, h] = queries[i, h] . (keys[j, h] + (f_e W)[h]) / sqrt(channels)
///     out[i, h]   = sum over the edges into i of dropout(alpha[e, h]) (values[j, h] + (f_e W)[h])
///
/// Neither f_e W nor anything else of the size [num_edges, heads, channels] is ever there: its
/// products with a query and with coefficients are those of f_e with what the node has made of the
/// query and W. An edge costs edge_channels * heads multiplications for either, a node
/// edge_channels * heads * channels.
[[nodiscard]] Variable dot_attention(const graph::Graph& graph, const DotInputs& inputs,
                                     const DotAttentionOptions& options,
                                     const core::RandomStream* dropout_stream = nullptr,
                                     core::Tensor* alpha = nullptr);

/// Derivatives of a sum over dot_attention().
struct DotAttentionGradients {
  core::Tensor queries;  ///< of the shape of the queries
  core::Tensor keys;     ///< of the shape of the keys
  core::Tensor values;   ///< of the shape of the values
};

/// Derivatives of sum(dot_attention(...) * grad_output) on their own, for who would rather project
/// again than keep the projections between the passes. The coefficients are computed again, without
/// the sums. Derivatives go over inputs that are given away.
/// @param dropout_stream  as the forward pass had it
/// @param grad_output     [num_dst, heads, channels]
/// @throws as dot_attention(), and ShapeError where grad_output does not fit
[[nodiscard]] DotAttentionGradients dot_attention_gradients(
    const graph::Graph& graph, core::Tensor queries, core::Tensor keys, core::Tensor values,
    const DotAttentionOptions& options, const core::RandomStream* dropout_stream,
    const core::Tensor& grad_output);

}  // namespace attune::sparse
