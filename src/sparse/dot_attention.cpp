#include <array>
#include <cmath>
#include <utility>

#include "sparse/attend.hpp"
#include "sparse/dot_edges.hpp"
#include "sparse/edge_work.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/sparse/dot_attention.hpp>

namespace attune::sparse {

using autograd::Node;
using core::dispatch;
using core::Tensor;

namespace {

AttentionSizes check(const graph::Graph& graph, const Tensor& queries, const Tensor& keys,
                     const Tensor& values) {
  const core::Shape& shape = queries.shape();
  if (shape.rank() != 3 || shape[0] != graph.num_dst()) {
    throw ShapeError(core::text("dot_attention: queries must be [", graph.num_dst(),
                                ", heads, channels], got ", shape.to_string()));
  }
  const core::Shape src_shape{graph.num_src(), shape[1], shape[2]};
  core::require_shape(keys, src_shape, "dot_attention", "keys");
  core::require_shape(values, src_shape, "dot_attention", "values");
  core::require_same_dtype(queries, keys, "dot_attention");
  core::require_same_dtype(queries, values, "dot_attention");
  return {graph.num_dst(), graph.num_src(), shape[1], shape[2]};
}

double inverse_root(const AttentionSizes& sizes) {
  return 1 / std::sqrt(static_cast<double>(sizes.channels));
}

// What the forward pass leaves to the backward pass.
struct Saved {
  graph::Graph graph;
  AttentionSizes sizes;
  CoefficientDropout dropout;
  Tensor queries;
  Tensor keys;
  Tensor values;
  DotEdges edges;  // its tensors undefined: none
  Tensor alpha;    // [edges, heads], minus where dropped; undefined: to be made again

  [[nodiscard]] bool sees_edges() const { return edges.features.defined(); }
};

// logits(part, to), for the forward pass and to make the coefficients again.
template <std::floating_point T>
auto logits_of(const Saved& saved) {
  return [&saved, sizes = saved.sizes, q = saved.queries.data<T>().data(),
          k = saved.keys.data<T>().data(),
          scale = static_cast<T>(inverse_root(saved.sizes))](const RowPart& part, T* to) {
    kernels<T>().edge_dots(part.rows, sizes.heads, sizes.channels, q + part.node * sizes.width(), k,
                           to);
    if (saved.sees_edges()) {
      add_edge_dots<T>(saved.edges, part, q, to);
    }
    for (std::int64_t n = 0; n < part.rows.num_edges() * sizes.heads; ++n) {
      to[n] *= scale;
    }
  };
}

struct InEdgeSums {
  Tensor alpha;    // the coefficients, made again if they were not kept
  Tensor logits;   // derivatives, their scale included, [edges, heads]
  Tensor queries;  // derivatives, [num_dst, heads, channels]
};

InEdgeSums walk_in_edges(const Saved& saved, const Tensor& grad_output) {
  const AttentionSizes& s = saved.sizes;
  InEdgeSums sums{Tensor(), Tensor(), Tensor::empty(saved.queries.shape(), saved.queries.dtype())};
  dispatch(grad_output.dtype(), [&]<class T>() {
    const T* keys = saved.keys.data<T>().data();
    T* to = sums.queries.mutable_data<T>().data();
    const T scale = static_cast<T>(inverse_root(s));
    const auto finish = [&](const RowPart& part, T* g, T* row_sums) {
      for (std::int64_t k = 0; k < part.rows.num_edges() * s.heads; ++k) {
        g[k] *= scale;
      }
      kernels<T>().weighted_sums(part.rows, s.heads, s.channels, g, keys, row_sums);
      if (saved.sees_edges()) {
        add_edge_sums<T>(saved.edges, part.rows, g, row_sums);
      }
    };
    const auto more = [&](const RowPart& part, T* dots) {
      if (saved.sees_edges()) {
        add_edge_dots<T>(saved.edges, part, grad_output.data<T>().data(), dots);
      }
    };
    const auto logits = logits_of<T>(saved);
    const Coefficients<T, decltype(logits)> alpha(saved.graph, s, saved.dropout, saved.alpha,
                                                  logits);
    sums.logits = logit_gradients<T>(saved.graph, s, saved.dropout.scale(), alpha, saved.values,
                                     grad_output, {to, s.width()}, finish, more);
    sums.alpha = alpha.tensor();
  });
  return sums;
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

void differentiate_values(const Saved& saved, const Tensor& coefficients, const Tensor& grad_output,
                          Tensor& grad_values) {
  dispatch(grad_output.dtype(), [&]<class T>() {
    const T* alpha = coefficients.data<T>().data();
    sum_out_edges<T>(saved, grad_output, grad_values, [&](const Rows& rows, T* weight) {
      kernels<T>().gather_weights(rows, saved.graph.out_to_in().data(), saved.sizes.heads,
                                  static_cast<T>(saved.dropout.scale()), alpha, weight);
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

// Hands each derivative to hand_over(input, derivative) as soon as it is complete: of queries,
// keys, values and, where there are any, features of edges and their weight.
template <class HandOver>
void differentiate(const Saved& saved, bool last_use, bool needs_features,
                   const Tensor& grad_output, const HandOver& hand_over) {
  InEdgeSums in = walk_in_edges(saved, grad_output);
  hand_over(0, std::move(in.queries));
  if (saved.sees_edges()) {
    DotEdgeGradients edges = dot_edge_gradients(
        saved.graph, saved.edges,
        {saved.queries, grad_output, in.logits, in.alpha, saved.dropout.scale()}, needs_features);
    hand_over(4, std::move(edges.weight));
    if (needs_features) {
      hand_over(3, std::move(edges.features));
    }
  }
  // The walk over the in-edges was the last to look at values and keys.
  Tensor grad_values = room_of(last_use, saved.values);
  differentiate_values(saved, in.alpha, grad_output, grad_values);
  hand_over(2, std::move(grad_values));
  Tensor grad_keys = room_of(last_use, saved.keys);
  differentiate_keys(saved, in.logits, grad_keys);
  hand_over(1, std::move(grad_keys));
}

DotEdges edges_of(const graph::Graph& graph, const DotInputs& in, const AttentionSizes& sizes) {
  check_edges(in.edges, graph, sizes, in.queries.value(), "dot_attention");
  if (!in.edges.defined()) {
    return {sizes, Tensor(), Tensor(), Tensor()};
  }
  const Tensor& weight = in.edges.weight.value();
  return {sizes, in.edges.features.value(), weight, transposed(weight)};
}

}  // namespace

Variable dot_attention(const graph::Graph& graph, const DotInputs& in,
                       const DotAttentionOptions& options, const core::RandomStream* dropout_stream,
                       core::Tensor* alpha) {
  const AttentionSizes sizes = check(graph, in.queries.value(), in.keys.value(), in.values.value());
  Saved saved{
      .graph = graph,
      .sizes = sizes,
      .dropout = CoefficientDropout(options.dropout, dropout_stream, "dot_attention: dropout"),
      .queries = in.queries.value(),
      .keys = in.keys.value(),
      .values = in.values.value(),
      .edges = edges_of(graph, in, sizes),
      .alpha = Tensor()};
  const bool keep = autograd::should_record(
                        {in.queries, in.keys, in.values, in.edges.features, in.edges.weight}) &&
                    keeps_coefficients(graph, sizes);
  Attended result = dispatch(in.queries.dtype(), [&]<class T>() {
    const auto more = [&](const Rows& rows, const T* weight, T* out) {
      if (saved.sees_edges()) {
        add_edge_sums<T>(saved.edges, rows, weight, out);
      }
    };
    return attend<T>(graph, sizes, keep, saved.dropout, saved.values, alpha, logits_of<T>(saved),
                     more);
  });
  saved.alpha = std::move(result.alpha);
  return autograd::record(
      "dot_attention", std::move(result.out),
      {in.queries, in.keys, in.values, in.edges.features, in.edges.weight},
      [saved = std::move(saved)](Node& node, const Tensor& grad_output) {
        differentiate(saved, node.last_use(), node.needs(3), grad_output,
                      [&](int input, Tensor grad) { node.add_grad(input, std::move(grad)); });
      });
}

Variable dot_attention(const graph::Graph& graph, const Variable& queries, const Variable& keys,
                       const Variable& values, const DotAttentionOptions& options,
                       const core::RandomStream* dropout_stream, core::Tensor* alpha) {
  return dot_attention(graph, DotInputs{.queries = queries, .keys = keys, .values = values},
                       options, dropout_stream, alpha);
}

DotAttentionGradients dot_attention_gradients(const graph::Graph& graph, core::Tensor queries,
                                              core::Tensor keys, core::Tensor values,
                                              const DotAttentionOptions& options,
                                              const core::RandomStream* dropout_stream,
                                              const core::Tensor& grad_output) {
  const AttentionSizes sizes = check(graph, queries, keys, values);
  core::require_shape(grad_output, sizes.dst_shape(), "dot_attention_gradients", "grad_output");
  core::require_same_dtype(queries, grad_output, "dot_attention_gradients");
  const Saved saved{.graph = graph,
                    .sizes = sizes,
                    .dropout = CoefficientDropout(options.dropout, dropout_stream,
                                                  "dot_attention_gradients: dropout"),
                    .queries = std::move(queries),
                    .keys = std::move(keys),
                    .values = std::move(values),
                    .edges = {sizes, Tensor(), Tensor(), Tensor()},
                    .alpha = Tensor()};
  DotAttentionGradients grads;
  differentiate(saved, true, false, grad_output, [&](int input, Tensor grad) {
    (input == 0 ? grads.queries : input == 1 ? grads.keys : grads.values) = std::move(grad);
  });
  return grads;
}

}  // namespace attune::sparse
