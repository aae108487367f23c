#pragma once

#include <attune/autograd/variable.hpp>
#include <attune/core/random.hpp>
#include <attune/graph/graph.hpp>
#include <attune/sparse/edge_features.hpp>

namespace attune::sparse {

/// Settings of gatv2_attention().
struct Gatv2AttentionOptions {
  double negative_slope = 0.2;  ///< of the leaky ReLU inside the logits
  double dropout = 0;           ///< of the attention coefficients, in [0, 1)
};

/// Attention over the edges of a graph as in Brody et al., "How attentive are graph attention
/// networks?" (ICLR 2022), equation 7:
///
///     logit[e, h] = att[h] . leaky_relu(dst[i, h] + src[j, h])   for edge e = j -> i
///     alpha[e, h] = softmax of logit over the edges into i
///     out[i, h]   = sum over the edges into i of dropout(alpha[e, h]) src[j, h]
///
/// The leaky ReLU is computed again in the backward pass instead of being stored for every edge and
/// channel. Cost, memory and determinism as of gat_attention(), which also explains the parameters
/// that are not described here.
/// @param src  the projection of the node that is attended to, [num_src, heads, channels]
/// @param dst  the projection of the node that attends, [num_dst, heads, channels]
/// @param att  [heads, channels]
/// @return [num_dst, heads, channels]; zero for a node without in-edges
/// @throws ShapeError       shapes or element types do not fit
/// @throws InvalidArgument  dropout outside [0, 1)
[[nodiscard]] Variable gatv2_attention(const graph::Graph& graph, const Variable& src,
                                       const Variable& dst, const Variable& att,
                                       const Gatv2AttentionOptions& options,
                                       const core::RandomStream* dropout_stream = nullptr,
                                       core::Tensor* alpha = nullptr);

/// The same with values of their own: the sums are over values[j, h], while src makes the logits.
/// @param values  as src
[[nodiscard]] Variable gatv2_attention(const graph::Graph& graph, const Variable& src,
                                       const Variable& dst, const Variable& values,
                                       const Variable& att, const Gatv2AttentionOptions& options,
                                       const core::RandomStream* dropout_stream = nullptr,
                                       core::Tensor* alpha = nullptr);

/// What gatv2_attention() reads. Two of them may be left out.
struct Gatv2Inputs {
  Variable src;             ///< [num_src, heads, channels], of who is attended to
  Variable dst;             ///< [num_dst, heads, channels], of who attends
  Variable att;             ///< [heads, channels]
  Variable values = {};     ///< as src, what is summed; undefined: src
  EdgeFeatures edges = {};  ///< what the leaky ReLU sees beside src and dst: features W
};

/// The same with everything that there is. With features f_e of the edges
///
///     logit[e, h] = att[h] . leaky_relu(dst[i, h] + src[j, h] + (f_e W)[h])
///
/// f_e W is made again wherever it is needed, for some hundred edges at a time: nothing of the size
/// [num_edges, heads, channels] is ever there. An edge costs edge_channels * heads * channels
/// multiplications a pass.
[[nodiscard]] Variable gatv2_attention(const graph::Graph& graph, const Gatv2Inputs& inputs,
                                       const Gatv2AttentionOptions& options,
                                       const core::RandomStream* dropout_stream = nullptr,
                                       core::Tensor* alpha = nullptr);

/// Derivatives of a sum over gatv2_attention().
struct Gatv2AttentionGradients {
  core::Tensor src;  ///< of the shape of src
  core::Tensor dst;  ///< of the shape of dst
  core::Tensor att;  ///< of the shape of att
};

/// Derivatives of sum(gatv2_attention(graph, src, dst, att, ...) * grad_output) on their own, for
/// who would rather project again than keep the projections between the passes. The coefficients
/// are computed again, without the sums. Derivatives go over inputs that are given away.
/// @param dropout_stream  as the forward pass had it
/// @param grad_output     [num_dst, heads, channels]
/// @throws as gatv2_attention(), and ShapeError where grad_output does not fit
[[nodiscard]] Gatv2AttentionGradients gatv2_attention_gradients(
    const graph::Graph& graph, core::Tensor src, core::Tensor dst, const core::Tensor& att,
    const Gatv2AttentionOptions& options, const core::RandomStream* dropout_stream,
    const core::Tensor& grad_output);

}  // namespace attune::sparse
