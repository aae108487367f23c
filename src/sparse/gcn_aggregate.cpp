#include <cmath>
#include <utility>

#include "sparse/propagate.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/sparse/gcn_aggregate.hpp>

namespace attune::sparse {

using autograd::Node;
using core::Tensor;

namespace {

double inverse_root(std::int64_t degree) {
  return degree > 0 ? 1 / std::sqrt(static_cast<double>(degree)) : 0;
}

double dst_factor(const graph::Graph& graph, std::int64_t node) {
  return inverse_root(graph.in_degree(node));
}

double src_factor(const graph::Graph& graph, std::int64_t node) {
  return inverse_root(graph.src_in_degree(node));
}

// own, other: the factors of a row's node and of the nodes that it lists.
template <class Factor>
Tensor propagated(const graph::Graph& graph, const graph::CsrView& edges, const Factor& own,
                  const Factor& other, const Tensor& x) {
  const auto of_row = [&](std::int64_t node) {
    return [&graph, &other, root = own(graph, node)](std::int64_t neighbour) {
      return root * other(graph, neighbour);
    };
  };
  return propagate(edges, of_row, x);
}

}  // namespace

Variable gcn_aggregate(const graph::Graph& graph, const Variable& x) {
  if (x.shape().rank() != 2 || x.shape()[0] != graph.num_src()) {
    throw ShapeError(core::text("gcn_aggregate: x must be [", graph.num_src(), ", channels], got ",
                                x.shape().to_string()));
  }
  Tensor out = propagated(graph, graph.in_edges(), dst_factor, src_factor, x.value());
  return autograd::record(
      "gcn_aggregate", std::move(out), {x}, [graph](Node& node, const Tensor& grad_output) {
        node.add_grad(0, propagated(graph, graph.out_edges(), src_factor, dst_factor, grad_output));
      });
}

}  // namespace attune::sparse
