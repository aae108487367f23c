#include <attune/core/error.hpp>
#include <attune/nn/graph_layer.hpp>

namespace attune::nn {

Variable GraphLayer::forward_with_edges(const Features& x, const graph::Graph& graph,
                                        const Variable& edge_features, ForwardContext& ctx) const {
  if (edge_features.defined()) {
    throw InvalidArgument(
        "GraphLayer::forward_with_edges: expected no edge_features, which this layer does not look "
        "at");
  }
  return forward(x, graph, ctx);
}

}  // namespace attune::nn
