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
    const auto finish = [&](const Rows& rows, T* g) {
      for (std::int64_t k = 0; k < rows.num_edges() * s.heads; ++k) {
        g[k] *= scale;
      }
      kernels<T>().weighted_sums(rows, s.heads, s.channels, g, keys, to);
    };
    return logit_gradients<T>(saved.graph, s, saved.dropout_scale, saved.alpha, saved.values,
                              grad_output, finish);
  });
  return {std::move(grad_logits), std::move(grad_queries)};
}

// Derivatives of keys and values, summed over the out-edges.
std::pair<Tensor, Tensor> walk_out_edges(const Saved& saved, const Tensor& grad_output,
                                         const Tensor& grad_logits) {
  const AttentionSizes& s = saved.sizes;
  Tensor grad_keys = Tensor::empty(saved.keys.shape(), saved.keys.dtype());
  Tensor grad_values = Tensor::empty(saved.keys.shape(), saved.keys.dtype());
  dispatch(grad_keys.dtype(), [&]<class T>() {
    const Kernels<T>& k = kernels<T>();
    const T* queries = saved.queries.data<T>().data();
    const T* grad_out = grad_output.data<T>().data();
    const T* alpha = saved.alpha.data<T>().data();
    const T* logits = grad_logits.data<T>().data();
    T* to_keys = grad_keys.mutable_data<T>().data();
    T* to_values = grad_values.mutable_data<T>().data();
    const std::int64_t* position = saved.graph.out_to_in().data();
    for_row_blocks(saved.graph.out_edges(), s, [&](const Rows& rows) {
      core::PoolArray<T> weight(rows.num_edges() * s.heads);
      k.gather_weights(rows, position, s.heads, static_cast<T>(saved.dropout_scale), alpha,
                       weight.data());
      k.weighted_sums(rows, s.heads, s.channels, weight.data(), grad_out, to_values);
      k.gather(rows, position, s.heads, logits, weight.data());
      k.weighted_sums(rows, s.heads, s.channels, weight.data(), queries, to_keys);
    });
  });
  return {std::move(grad_keys), std::move(grad_values)};
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
    const auto logits = [&](const Rows& rows, T* to) {
      kernels<T>().edge_dots(rows, sizes.heads, sizes.channels, q, k, to);
      for (std::int64_t n = 0; n < rows.num_edges() * sizes.heads; ++n) {
        to[n] *= scale;
      }
    };
    return attend<T>(graph, sizes, keep, dropout, values.value(), alpha, logits);
  });
  Saved saved{graph,        sizes,          dropout.scale(), queries.value(),
              keys.value(), values.value(), result.alpha};
  return autograd::record("dot_attention", std::move(result.out), {queries, keys, values},
                          [saved = std::move(saved)](Node& node, const Tensor& grad_output) {
                            auto [logits, grad_queries] = walk_in_edges(saved, grad_output);
                            auto [grad_keys, grad_values] =
                                walk_out_edges(saved, grad_output, logits);
                            node.add_grad(0, std::move(grad_queries));
                            node.add_grad(1, std::move(grad_keys));
                            node.add_grad(2, std::move(grad_values));
                          });
}

}  // namespace attune::sparse
