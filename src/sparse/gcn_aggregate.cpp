#include <cmath>
#include <utility>

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

double dst_factor(const graph::Graph& graph, std::int64_t node) {
  return inverse_root(graph.in_degree(node));
}

double src_factor(const graph::Graph& graph, std::int64_t node) {
  return inverse_root(graph.src_in_degree(node));
}

// The sums over the rows of `edges`, the in-edges or, for the derivative, the out-edges.
// own, other: the factors of a row's node and of the nodes that it lists.
template <class Factor>
Tensor propagate(const graph::Graph& graph, const graph::CsrView& edges, const Factor& own,
                 const Factor& other, const Tensor& x) {
  const std::int64_t width = x.size(1);
  Tensor out = Tensor::empty({edges.num_nodes(), width}, x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* from = x.data<T>().data();
    T* to = out.mutable_data<T>().data();
    parallel_row_blocks(edges.row_ptr, entries_a_block(width),
                        [&](std::int64_t begin, std::int64_t end) {
                          const Rows rows{edges.row_ptr.data(), edges.col_idx.data(), begin, end};
                          PoolArray<T> weight(rows.num_edges());
                          T* w = weight.data();
                          for (std::int64_t i = begin; i < end; ++i) {
                            const double root = own(graph, i);
                            for (std::int64_t e = edges.row_ptr[i]; e < edges.row_ptr[i + 1]; ++e) {
                              *w++ = static_cast<T>(root * other(graph, edges.col_idx[e]));
                            }
                          }
                          kernels<T>().weighted_sums(rows, 1, width, weight.data(), from, to);
                        });
  });
  return out;
}

}  // namespace

Variable gcn_aggregate(const graph::Graph& graph, const Variable& x) {
  if (x.shape().rank() != 2 || x.shape()[0] != graph.num_src()) {
    throw ShapeError(core::text("gcn_aggregate: x must be [", graph.num_src(), ", channels], got ",
                                x.shape().to_string()));
  }
  Tensor out = propagate(graph, graph.in_edges(), dst_factor, src_factor, x.value());
  return autograd::record(
      "gcn_aggregate", std::move(out), {x}, [graph](Node& node, const Tensor& grad_output) {
        node.add_grad(0, propagate(graph, graph.out_edges(), src_factor, dst_factor, grad_output));
      });
}

}  // namespace attune::sparse
