#include <array>
#include <cmath>
#include <utility>

#include "sparse/attend.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/sparse/dot_attention.hpp>

namespace attune::sparse {

using autograd::Node;
using core::dispatch;
using core::Tensor;

namespace {

AttentionSizes check(const graph::Graph& graph, const Variable& queries, const Variable& keys,
                     const Variable& values) {
  const core::Shape& shape = queries.shape();
  if (shape.rank() != 3 || shape[0] != graph.num_dst()) {
    throw ShapeError(core::text("dot_attention: queries must be [", graph.num_dst(),
                                ", heads, channels], got ", shape.to_string()));
  }
  const core::Shape src_shape{graph.num_src(), shape[1], shape[2]};
  core::require_shape(keys.value(), src_shape, "dot_attention", "keys");
  core::require_shape(values.value(), src_shape, "dot_attention", "values");
  core::require_same_dtype(queries.value(), keys.value(), "dot_attention");
  core::require_same_dtype(queries.value(), values.value(), "dot_attention");
  return {graph.num_dst(), graph.num_src(), shape[1], shape[2]};
}

double inverse_root(const AttentionSizes& sizes) {
  return 1 / std::sqrt(static_cast<double>(sizes.channels));
}

// What the forward pass leaves to the backward pass.
struct Saved {
  graph::Graph graph;
  AttentionSizes sizes;
  double dropout_scale;
  Tensor queries;
  Tensor keys;
  Tensor values;
  Tensor alpha;  // [edges, heads], minus where dropped
};

// Derivatives of the logits (their scale included) and, summed over the in-edges, of the queries.
std::pair<Tensor, Tensor> walk_in_edges(const Saved& saved, const Tensor& grad_output) {
  const AttentionSizes& s = saved.sizes;
  Tensor grad_queries = Tensor::empty(saved.queries.shape(), saved.queries.dtype());
  Tensor grad_logits = dispatch(grad_queries.dtype(), [&]<class T>() {
    const T* keys = saved.keys.data<T>().data();
    T* to = grad_queries.mutable_data<T>().data();
    const T scale = static_cast<T>(inverse_root(s));
    const auto finish = [&](const RowPart& part, T* g, T* sums) {
      for (std::int64_t k = 0; k < part.rows.num_edges() * s.heads; ++k) {
        g[k] *= scale;
      }
      kernels<T>().weighted_sums(part.rows, s.heads, s.channels, g, keys, sums);
    };
    return logit_gradients<T>(saved.graph, s, saved.dropout_scale, saved.alpha, saved.values,
                              grad_output, {to, s.width()}, finish);
  });
  return {std::move(grad_logits), std::move(grad_queries)};
}

// Sums over the out-edges of weighted rows of `in`. weights(rows, to) writes those of the edges.
template <std::floating_point T, class Weights>
void sum_out_edges(const Saved& saved, const Tensor& in, Tensor& out, const Weights& weights) {
  const AttentionSizes& s = saved.sizes;
  const T* from = in.data<T>().data();
  const std::array<RowSums<T>, 1> sums{{{out.mutable_data<T>().data(), s.width()}}};
  const auto sum = [&](const RowPart& part, const std::array<T*, 1>& to) {
    core::PoolArray<T> weight(part.rows.num_edges() * s.heads);
    weights(part.rows, weight.data());
    kernels<T>().weighted_sums(part.rows, s.heads, s.channels, weight.data(), from, to[0]);
  };
  const auto nothing = [](std::int64_t, std::int64_t) {};
  sum_rows(saved.graph.out_edges(), edge_grain(s), sums, sum, nothing);
}

void differentiate_values(const Saved& saved, const Tensor& grad_output, Tensor& grad_values) {
  dispatch(grad_output.dtype(), [&]<class T>() {
    const T* alpha = saved.alpha.data<T>().data();
    sum_out_edges<T>(saved, grad_output, grad_values, [&](const Rows& rows, T* weight) {
      kernels<T>().gather_weights(rows, saved.graph.out_to_in().data(), saved.sizes.heads,
                                  static_cast<T>(saved.dropout_scale), alpha, weight);
    });
  });
}

void differentiate_keys(const Saved& saved, const Tensor& grad_logits, Tensor& grad_keys) {
  dispatch(grad_logits.dtype(), [&]<class T>() {
    const T* logits = grad_logits.data<T>().data();
    sum_out_edges<T>(saved, saved.queries, grad_keys, [&](const Rows& rows, T* weight) {
      kernels<T>().gather(rows, saved.graph.out_to_in().data(), saved.sizes.heads, logits, weight);
    });
  });
}

void differentiate(const Saved& saved, Node& node, const Tensor& grad_output) {
  auto [logits, grad_queries] = walk_in_edges(saved, grad_output);
  node.add_grad(0, std::move(grad_queries));
  // The walk over the in-edges was the last to look at values and keys.
  Tensor grad_values = room_of(node, saved.values);
  differentiate_values(saved, grad_output, grad_values);
  node.add_grad(2, std::move(grad_values));
  Tensor grad_keys = room_of(node, saved.keys);
  differentiate_keys(saved, logits, grad_keys);
  node.add_grad(1, std::move(grad_keys));
}

}  // namespace

Variable dot_attention(const graph::Graph& graph, const Variable& queries, const Variable& keys,
                       const Variable& values, const DotAttentionOptions& options,
                       const core::RandomStream* dropout_stream, core::Tensor* alpha) {
  const AttentionSizes sizes = check(graph, queries, keys, values);
  const CoefficientDropout dropout(options.dropout, dropout_stream, "dot_attention: dropout");
  const bool keep = autograd::should_record({queries, keys, values});
  Attended result = dispatch(queries.dtype(), [&]<class T>() {
    const T* q = queries.value().data<T>().data();
    const T* k = keys.value().data<T>().data();
    const T scale = static_cast<T>(inverse_root(sizes));
    const auto logits = [&](const RowPart& part, T* to) {
      kernels<T>().edge_dots(part.rows, sizes.heads, sizes.channels, q + part.node * sizes.width(),
                             k, to);
      for (std::int64_t n = 0; n < part.rows.num_edges() * sizes.heads; ++n) {
        to[n] *= scale;
      }
    };
    return attend<T>(graph, sizes, keep, dropout, values.value(), alpha, logits);
  });
  Saved saved{graph,        sizes,          dropout.scale(), queries.value(),
              keys.value(), values.value(), result.alpha};
  return autograd::record("dot_attention", std::move(result.out), {queries, keys, values},
                          [saved = std::move(saved)](Node& node, const Tensor& grad_output) {
                            differentiate(saved, node, grad_output);
                          });
}

}  // namespace attune::sparse
