#include <algorithm>

#include "sparse/kernels.hpp"
#include "sparse/row_blocks.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/sparse/edge_softmax.hpp>

namespace attune::sparse {

using autograd::Node;
using core::dispatch;
using core::Tensor;

Variable edge_softmax(const graph::Graph& graph, const Variable& logits) {
  const core::Shape& shape = logits.shape();
  if (shape.rank() != 2 || shape[0] != graph.num_edges()) {
    throw ShapeError(core::text("edge_softmax: logits must be [", graph.num_edges(),
                                ", heads], got ", shape.to_string()));
  }
  const std::int64_t heads = shape[1];
  const auto for_blocks = [graph, heads](auto f) {
    const graph::CsrView in = graph.in_edges();
    parallel_row_blocks(in.row_ptr, entries_a_block(heads),
                        [&](std::int64_t begin, std::int64_t end) {
                          f(Rows{in.row_ptr.data(), in.col_idx.data(), begin, end});
                        });
  };
  Tensor alpha = logits.value().clone();
  dispatch(alpha.dtype(), [&]<class T>() {
    T* a = alpha.mutable_data<T>().data();
    for_blocks([=](const Rows& rows) {
      kernels<T>().row_softmax(rows, heads, a + rows.first_edge() * heads);
    });
  });
  return autograd::record("edge_softmax", alpha, {logits},
                          [for_blocks, alpha, heads](Node& node, const Tensor& grad_output) {
                            Tensor grad = grad_output.clone();
                            dispatch(grad.dtype(), [&]<class T>() {
                              const T* a = alpha.data<T>().data();
                              T* g = grad.mutable_data<T>().data();
                              for_blocks([=](const Rows& rows) {
                                const std::int64_t first = rows.first_edge() * heads;
                                kernels<T>().row_softmax_backward(rows, heads, a + first,
                                                                  g + first);
                              });
                            });
                            node.add_grad(0, std::move(grad));
                          });
}

}  // namespace attune::sparse
