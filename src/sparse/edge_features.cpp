#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/sparse/edge_features.hpp>

namespace attune::sparse {

using autograd::Node;
using core::Tensor;

namespace {

void check(const graph::Graph& graph, const core::Shape& shape) {
  if (shape.rank() != 2) {
    throw ShapeError(core::text("order_edge_features: features must be [edges, channels], got ",
                                shape.to_string()));
  }
  const std::span<const std::int64_t> input_edge = graph.input_edge();
  const auto highest = std::max_element(input_edge.begin(), input_edge.end());
  if (highest != input_edge.end() && *highest >= shape[0]) {
    throw InvalidArgument(core::text("order_edge_features: edge ", highest - input_edge.begin(),
                                     " of the graph came from edge ", *highest,
                                     " of the caller's, but there are features of ", shape[0]));
  }
}

// f(i, e, share) for the edges of the caller's that edge e of the graph has its features from: one,
// or all those of the row for an edge that was added.
template <class F>
void for_sources(const graph::Graph& graph, const F& f) {
  const graph::CsrView in = graph.in_edges();
  const std::span<const std::int64_t> input_edge = graph.input_edge();
  for (std::int64_t dst = 0; dst < in.num_nodes(); ++dst) {
    const auto row = input_edge.subspan(static_cast<std::size_t>(in.row_ptr[dst]),
                                        static_cast<std::size_t>(graph.in_degree(dst)));
    const auto listed = std::count_if(row.begin(), row.end(), [](auto i) { return i >= 0; });
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      if (input_edge[e] >= 0) {
        f(input_edge[e], e, 1.0);
        continue;
      }
      for (const std::int64_t i : row) {
        if (i >= 0) {
          f(i, e, 1 / static_cast<double>(listed));
        }
      }
    }
  }
}

template <class T>
void add_scaled(std::int64_t channels, T factor, const T* from, T* to) {
  for (std::int64_t c = 0; c < channels; ++c) {
    to[c] += factor * from[c];
  }
}

}  // namespace

Variable order_edge_features(const graph::Graph& graph, const Variable& features) {
  const core::Shape shape = features.shape();
  check(graph, shape);
  const std::int64_t channels = shape[1];
  Tensor ordered = Tensor::zeros({graph.num_edges(), channels}, features.dtype());
  core::dispatch(features.dtype(), [&]<class T>() {
    const T* from = features.value().data<T>().data();
    T* to = ordered.mutable_data<T>().data();
    for_sources(graph, [&](std::int64_t i, std::int64_t e, double share) {
      add_scaled(channels, static_cast<T>(share), from + i * channels, to + e * channels);
    });
  });
  return autograd::record("order_edge_features", std::move(ordered), {features},
                          [graph, shape](Node& node, const Tensor& grad_output) {
                            Tensor grad = Tensor::zeros(shape, grad_output.dtype());
                            core::dispatch(grad.dtype(), [&]<class T>() {
                              const T* from = grad_output.data<T>().data();
                              T* to = grad.mutable_data<T>().data();
                              for_sources(graph, [&](std::int64_t i, std::int64_t e, double share) {
                                add_scaled(shape[1], static_cast<T>(share), from + e * shape[1],
                                           to + i * shape[1]);
                              });
                            });
                            node.add_grad(0, std::move(grad));
                          });
}

}  // namespace attune::sparse
