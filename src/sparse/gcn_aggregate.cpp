#include <array>
#include <cmath>
#include <utility>

#include "sparse/kernels.hpp"
#include "sparse/row_parts.hpp"
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
    const std::array<RowSums<T>, 1> sums{{{out.mutable_data<T>().data(), width}}};
    const auto sum = [&](const RowPart& part, const std::array<T*, 1>& to) {
      const Rows& rows = part.rows;
      PoolArray<T> weight(rows.num_edges());
      T* w = weight.data();
      for (std::int64_t i = rows.begin; i < rows.end; ++i) {
        const double root = own(graph, part.node + i);
        for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e) {
          *w++ = static_cast<T>(root * other(graph, rows.col_idx[e]));
        }
      }
      kernels<T>().weighted_sums(rows, 1, width, weight.data(), from, to[0]);
    };
    const auto nothing = [](std::int64_t, std::int64_t) {};
    sum_rows(edges, entries_a_block(width), sums, sum, nothing);
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
