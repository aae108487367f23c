#pragma once

#include <attune/autograd/variable.hpp>
#include <attune/core/random.hpp>
#include <attune/graph/graph.hpp>

namespace attune::sparse {

/// Settings of gat_attention().
struct GatAttentionOptions {
  double negative_slope = 0.2;  ///< of the leaky ReLU on the logits
  double dropout = 0;           ///< of the attention coefficients, in [0, 1)
};

/// Attention over the edges of a graph as in Velickovic et al., "Graph attention networks" (ICLR
/// 2018), equations 3 and 4, without the nonlinearity after it:
///
///     logit[e, h] = leaky_relu(att_dst[h] . z[i, h] + att_src[h] . z[j, h])   for edge e = j -> i
///     alpha[e, h] = softmax of logit over the edges into i
///     out[i, h]   = sum over the edges into i of dropout(alpha[e, h]) z[j, h]
///
/// One pass over the in-edges; the backward pass walks them once more, and then the transpose.
/// Memory beside input and output: two numbers an edge and head, four a node and head. The sums
/// of a node do not depend on how nodes are divided among threads.
///
/// @param z               [num_src, heads, channels], the projected features
/// @param att_dst         [heads, channels], weighs the node that attends
/// @param att_src         [heads, channels], weighs the node that is attended to
/// @param dropout_stream  lane e * heads + h decides over coefficient (e, h); null: no dropout
/// @param alpha           if not null, receives the coefficients before dropout, [num_edges,
/// heads],
///                        in the order of graph.in_edges()
/// @return [num_dst, heads, channels]; zero for a node without in-edges
/// @throws ShapeError       shapes or element types do not fit
/// @throws InvalidArgument  dropout outside [0, 1)
[[nodiscard]] Variable gat_attention(const graph::Graph& graph, const Variable& z,
                                     const Variable& att_dst, const Variable& att_src,
                                     const GatAttentionOptions& options,
                                     const core::RandomStream* dropout_stream = nullptr,
                                     core::Tensor* alpha = nullptr);

/// The same with values of their own: out[i, h] = sum of dropout(alpha[e, h]) values[j, h], while z
/// makes the logits.
/// @param values  as z
[[nodiscard]] Variable gat_attention(const graph::Graph& graph, const Variable& z,
                                     const Variable& values, const Variable& att_dst,
                                     const Variable& att_src, const GatAttentionOptions& options,
                                     const core::RandomStream* dropout_stream = nullptr,
                                     core::Tensor* alpha = nullptr);

/// What gat_attention() reads. Two of them may be left out.
struct GatInputs {
  Variable z;            ///< [num_src, heads, channels], the projected features
  Variable att_dst;      ///< [heads, channels], weighs the node that attends
  Variable att_src;      ///< [heads, channels], weighs the node that is attended to
  Variable values = {};  ///< as z, what is summed; undefined: z
  /// [num_edges, heads], in the order of graph.in_edges(); added to the sum that the leaky ReLU of
  /// each logit is taken of; undefined: nothing.
  Variable edge_terms = {};
};

/// The same with everything that there is. Terms of edges cost two more numbers an edge and head.
[[nodiscard]] Variable gat_attention(const graph::Graph& graph, const GatInputs& inputs,
                                     const GatAttentionOptions& options,
                                     const core::RandomStream* dropout_stream = nullptr,
                                     core::Tensor* alpha = nullptr);

}  // namespace attune::sparse
