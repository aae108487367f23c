#include <cmath>

#include "sparse/kernels.hpp"
#include "sparse/row_blocks.hpp"
#include <attune/core/error.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>
#include <attune/sparse/gcn_aggregate.hpp>

namespace attune::sparse {

using autograd::Node;
using core::dispatch;
using core::PoolArray;
using core::Tensor;

namespace {

double inverse_root(std::int64_t degree) {
  return degree > 0 ? 1 / std::sqrt(static_cast<double>(degree)) : 0;
}

// The sums over the rows of `edges`, the in-edges or, for the derivative, the out-edges.
Tensor propagate(const graph::Graph& graph, const graph::CsrView& edges, const Tensor& x) {
  const std::int64_t width = x.size(1);
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* from = x.data<T>().data();
    T* to = out.mutable_data<T>().data();
    parallel_row_blocks(
        edges.row_ptr, entries_a_block(width), [&](std::int64_t begin, std::int64_t end) {
          const Rows rows{edges.row_ptr.data(), edges.col_idx.data(), begin, end};
          PoolArray<T> weight(rows.num_edges());
          T* w = weight.data();
          for (std::int64_t i = begin; i < end; ++i) {
            const double root = inverse_root(graph.in_degree(i));
            for (std::int64_t e = edges.row_ptr[i]; e < edges.row_ptr[i + 1]; ++e) {
              *w++ = static_cast<T>(root * inverse_root(graph.in_degree(edges.col_idx[e])));
            }
          }
          kernels<T>().weighted_sums(rows, 1, width, weight.data(), from, to);
        });
  });
  return out;
}

}  // namespace

Variable gcn_aggregate(const graph::Graph& graph, const Variable& x) {
  if (x.shape().rank() != 2 || x.shape()[0] != graph.num_nodes()) {
    throw ShapeError(core::text("gcn_aggregate: x must be [", graph.num_nodes(),
                                ", channels], got ", x.shape().to_string()));
  }
  return autograd::record("gcn_aggregate", propagate(graph, graph.in_edges(), x.value()), {x},
                          [graph](Node& node, const Tensor& grad_output) {
                            node.add_grad(0, propagate(graph, graph.out_edges(), grad_output));
                          });
}

}  // namespace attune::sparse
