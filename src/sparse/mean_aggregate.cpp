#include <utility>

#include "sparse/propagate.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/sparse/mean_aggregate.hpp>

namespace attune::sparse {

using autograd::Node;
using core::Tensor;

namespace {

using Shares = core::PoolArray<double>;

// What each neighbour of a node counts, [num_dst]; 0 where there is none.
Shares shares_of(const graph::Graph& graph) {
  const graph::CsrView in = graph.in_edges();
  Shares shares(graph.num_dst());
  for (std::int64_t i = 0; i < graph.num_dst(); ++i) {
    std::int64_t others = 0;
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      others += in.col_idx[e] != i ? 1 : 0;
    }
    shares.data()[i] = others > 0 ? 1 / static_cast<double>(others) : 0;
  }
  return shares;
}

Tensor means(const graph::Graph& graph, const Shares& shares, const Tensor& x) {
  const auto of_row = [share = shares.data()](std::int64_t dst) {
    return [dst, own = share[dst]](std::int64_t src) { return src == dst ? 0 : own; };
  };
  return propagate(graph.in_edges(), of_row, x);
}

Tensor means_backward(const graph::Graph& graph, const Shares& shares, const Tensor& grad) {
  const auto of_row = [share = shares.data()](std::int64_t src) {
    return [src, share](std::int64_t dst) { return src == dst ? 0 : share[dst]; };
  };
  return propagate(graph.out_edges(), of_row, grad);
}

}  // namespace

Variable mean_aggregate(const graph::Graph& graph, const Variable& x) {
  if (x.shape().rank() != 2 || x.shape()[0] != graph.num_src()) {
    throw ShapeError(core::text("mean_aggregate: x must be [", graph.num_src(), ", channels], got ",
                                x.shape().to_string()));
  }
  Shares shares = shares_of(graph);
  Tensor out = means(graph, shares, x.value());
  return autograd::record(
      "mean_aggregate", std::move(out), {x},
      [graph, shares = std::move(shares)](Node& node, const Tensor& grad_output) {
        node.add_grad(0, means_backward(graph, shares, grad_output));
      });
}

}  // namespace attune::sparse
