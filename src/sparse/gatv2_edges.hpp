#pragma once

#include <concepts>

#include "sparse/coefficients.hpp"
#include "sparse/row_parts.hpp"
#include <attune/core/tensor.hpp>
#include <attune/graph/graph.hpp>

/// GATv2 whose logits see features f_e of the edges:
///
///     logit[e, h] = att[h] . leaky_relu(s_e[h]),   s_e = dst[i] + src[j] + f_e W
///
/// f_e W has as many numbers as a node's projection. It is made for a tile of edges at a time, and
/// made again in each pass.
namespace attune::sparse {

struct AdditiveEdges {
  AttentionSizes sizes;
  double negative_slope;
  core::Tensor src;       ///< [num_src, heads, channels]
  core::Tensor dst;       ///< [num_dst, heads, channels]
  core::Tensor att;       ///< [heads, channels]
  core::Tensor features;  ///< [num_edges, edge_channels]
  core::Tensor weight;    ///< [edge_channels, heads * channels]

  [[nodiscard]] std::int64_t edge_channels() const { return features.size(1); }
};

/// The logits of the edges of a part.
template <std::floating_point T>
void logits_with_edges(const AdditiveEdges& from, const RowPart& part, T* to);

/// Derivatives that are sums over in-edges.
struct AdditiveEdgeGradients {
  core::Tensor dst;
  core::Tensor att;
  core::Tensor features;  ///< undefined unless asked for
  core::Tensor weight;
};

/// @param grad_logits  [num_edges, heads]
[[nodiscard]] AdditiveEdgeGradients in_edge_gradients(const graph::Graph& graph,
                                                      const AdditiveEdges& from,
                                                      const core::Tensor& grad_logits,
                                                      bool needs_features);

/// What src gets through the logits, [num_src, heads, channels].
[[nodiscard]] core::Tensor out_edge_gradients(const graph::Graph& graph, const AdditiveEdges& from,
                                              const core::Tensor& grad_logits);

}  // namespace attune::sparse
