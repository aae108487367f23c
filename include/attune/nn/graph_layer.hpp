#pragma once

#include <cstdint>

#include <attune/graph/graph.hpp>
#include <attune/nn/features.hpp>
#include <attune/nn/forward_context.hpp>
#include <attune/nn/module.hpp>

namespace attune::nn {

/// A layer that turns the features of nodes into others along the edges of a graph.
class GraphLayer : public Module {
 public:
  /// @param x      [num_src, in_channels]
  /// @param graph  row i of in_edges() lists the nodes that i hears; a whole graph or a block,
  /// which
  ///               yields some of the nodes that enter
  /// @return       [num_dst, output_channels()]
  /// @throws ShapeError  x is not [graph.num_src(), in_channels]
  [[nodiscard]] virtual Variable forward(const Features& x, const graph::Graph& graph,
                                         ForwardContext& ctx) const = 0;

  /// The same with features of the edges, which layers made with edge_channels want and others
  /// refuse.
  /// @param edge_features  [num_edges, edge_channels], in the order of graph.in_edges(); see
  ///                       sparse::order_edge_features(); undefined: there are none
  /// @throws ShapeError       edge_features is missing or has another shape
  /// @throws InvalidArgument  the layer looks at no features of edges
  [[nodiscard]] virtual Variable forward_with_edges(const Features& x, const graph::Graph& graph,
                                                    const Variable& edge_features,
                                                    ForwardContext& ctx) const;

  /// Features a node that come out.
  [[nodiscard]] virtual std::int64_t output_channels() const noexcept = 0;
};

}  // namespace attune::nn
