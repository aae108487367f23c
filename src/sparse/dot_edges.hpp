#pragma once

#include <concepts>
#include <cstdint>

#include "sparse/coefficients.hpp"
#include "sparse/kernels.hpp"
#include "sparse/row_parts.hpp"
#include <attune/core/tensor.hpp>
#include <attune/graph/graph.hpp>

/// Dot-product attention whose keys and values see features f_e of the edges, k_j + f_e W and
/// v_j + f_e W. Products are shifted to the nodes, which are fewer than edges:
///
///     q_i . (f_e W) = f_e . (W q_i)           sum_e a_e (f_e W) = (sum_e a_e f_e) W
///
/// so that an edge costs edge_channels multiplications a head, and neither f_e W nor W q_i is kept:
/// the latter is made for some rows at a time.
namespace attune::sparse {

struct DotEdges {
  AttentionSizes sizes;
  core::Tensor features;  ///< [num_edges, edge_channels]
  core::Tensor weight;    ///< [edge_channels, heads * channels]
  core::Tensor turned;    ///< transposed(weight)

  [[nodiscard]] std::int64_t edge_channels() const { return features.size(1); }
};

/// dots[e, h] += nodes[i, h, :] . (f_e W)[h, :] for the edges of a part, `dots` from its first one.
/// @param nodes  [num_dst, heads, channels], whole
template <std::floating_point T>
void add_edge_dots(const DotEdges& edges, const RowPart& part, const T* nodes, T* dots);

/// out[i, h, :] += sum over the edges of row i of weight[e, h] (f_e W)[h, :].
template <std::floating_point T>
void add_edge_sums(const DotEdges& edges, const Rows& rows, const T* weight, T* out);

struct DotEdgeGradients {
  core::Tensor features;  ///< undefined unless asked for
  core::Tensor weight;
};

/// What a walk over the in-edges has to look at.
struct DotEdgeDerivatives {
  core::Tensor queries;      ///< [num_dst, heads, channels]
  core::Tensor grad_output;  ///< the same
  core::Tensor grad_logits;  ///< their scale included, [num_edges, heads]
  core::Tensor alpha;        ///< minus where dropped, [num_edges, heads]
  double dropout_scale;
};

[[nodiscard]] DotEdgeGradients dot_edge_gradients(const graph::Graph& graph, const DotEdges& edges,
                                                  const DotEdgeDerivatives& of,
                                                  bool needs_features);

}  // namespace attune::sparse
