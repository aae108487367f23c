#include <array>
#include <utility>

#include "sparse/attend.hpp"
#include "sparse/edge_work.hpp"
#include "sparse/gatv2_edges.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/sparse/gatv2_attention.hpp>

namespace attune::sparse {

using autograd::Node;
using core::dispatch;
using core::Tensor;

namespace {

AttentionSizes check(const graph::Graph& graph, const Tensor& src, const Tensor& dst,
                     const Tensor& values, const Tensor& att) {
  const core::Shape& shape = src.shape();
  if (shape.rank() != 3 || shape[0] != graph.num_src()) {
    throw ShapeError(core::text("gatv2_attention: src must be [", graph.num_src(),
                                ", heads, channels], got ", shape.to_string()));
  }
  core::require_shape(dst, {graph.num_dst(), shape[1], shape[2]}, "gatv2_attention", "dst");
  core::require_shape(att, {shape[1], shape[2]}, "gatv2_attention", "att");
  core::require_same_dtype(src, dst, "gatv2_attention");
  core::require_same_dtype(src, att, "gatv2_attention");
  core::require_shape(values, shape, "gatv2_attention", "values");
  core::require_same_dtype(src, values, "gatv2_attention");
  return {graph.num_dst(), graph.num_src(), shape[1], shape[2]};
}

// What the forward pass leaves to the backward pass.
struct Saved {
  graph::Graph graph;
  AttentionSizes sizes;
  double negative_slope;
  CoefficientDropout dropout;
  Tensor src;
  Tensor dst;
  Tensor values;  // undefined where src serves as values
  Tensor att;
  Tensor edge_features;  // undefined: none
  Tensor edge_weight;    // the same
  Tensor alpha;          // [edges, heads], minus where dropped; undefined: to be made again

  [[nodiscard]] bool values_apart() const { return values.defined(); }
  [[nodiscard]] bool sees_edges() const { return edge_features.defined(); }
  // Holds what it is made of, which nobody may overwrite meanwhile.
  [[nodiscard]] AdditiveEdges edges() const {
    return {sizes, negative_slope, src, dst, att, edge_features, edge_weight};
  }
};

// logits(part, to), for the forward pass and to make the coefficients again.
template <std::floating_point T>
auto logits_of(const Saved& saved) {
  return [&saved, sizes = saved.sizes, slope = static_cast<T>(saved.negative_slope),
          dst = saved.dst.data<T>().data(), src = saved.src.data<T>().data(),
          att = saved.att.data<T>().data()](const RowPart& part, T* to) {
    if (saved.sees_edges()) {
      logits_with_edges<T>(saved.edges(), part, to);
      return;
    }
    kernels<T>().additive_logits(part.rows, sizes.heads, sizes.channels, slope,
                                 dst + part.node * sizes.width(), src, att, to);
  };
}

// With s_e = dst[i] + src[j] and g_e the derivative of logit e,
//     grad_dst[i] = att sum over the in-edges of i of g_e leaky_relu'(s_e)
//     grad_src[j] = att times the same over the out-edges of j (+ what the values get)
//     grad_att    = sum over all edges of g_e leaky_relu(s_e).
struct InEdgeSums {
  Tensor alpha;   // the coefficients, made again if they were not kept
  Tensor logits;  // g_e, [edges, heads]
  Tensor dst;     // grad_dst, [num_dst, heads, channels]
  Tensor att;     // grad_att, [heads, channels]
};

// The derivatives of the logits, into sums.logits, and the coefficients; finish and rows as in
// logit_gradients().
template <std::floating_point T, class Finish>
void walk_in_edges(const Saved& saved, const Tensor& grad_output, const RowSums<T>& rows,
                   const Finish& finish, InEdgeSums& sums) {
  const auto logits = logits_of<T>(saved);
  const Coefficients<T, decltype(logits)> alpha(saved.graph, saved.sizes, saved.dropout,
                                                saved.alpha, logits);
  sums.logits = logit_gradients<T>(saved.graph, saved.sizes, saved.dropout.scale(), alpha,
                                   saved.values_apart() ? saved.values : saved.src, grad_output,
                                   rows, finish);
  sums.alpha = alpha.tensor();
}

InEdgeSums sums_over_in_edges(const Saved& saved, const Tensor& grad_output) {
  const AttentionSizes& s = saved.sizes;
  InEdgeSums sums{Tensor(), Tensor(), Tensor::empty(saved.dst.shape(), saved.dst.dtype()),
                  Tensor()};
  SlotSums att(saved.graph.in_edges(), edge_grain(s), saved.att.shape(), saved.dst.dtype());
  dispatch(sums.dst.dtype(), [&]<class T>() {
    const Kernels<T>& k = kernels<T>();
    const T* src = saved.src.data<T>().data();
    const T* dst = saved.dst.data<T>().data();
    const auto finish = [&](const RowPart& part, T* g, T* to) {
      k.slope_sums(part.rows, s.heads, s.channels, static_cast<T>(saved.negative_slope), g,
                   dst + part.node * s.width(), src, to, att.of<T>(part));
      k.scale_columns(part.rows.begin, part.rows.end, s.width(), saved.att.data<T>().data(), to);
    };
    walk_in_edges<T>(saved, grad_output, {sums.dst.mutable_data<T>().data(), s.width()}, finish,
                     sums);
  });
  sums.att = att.total();
  return sums;
}

// Writes the part of grad_src that comes through the logits.
void sum_slopes(const Saved& saved, const Tensor& logits, Tensor& grad_src) {
  const AttentionSizes& s = saved.sizes;
  dispatch(grad_src.dtype(), [&]<class T>() {
    const Kernels<T>& k = kernels<T>();
    const T* src = saved.src.data<T>().data();
    const T* dst = saved.dst.data<T>().data();
    const T* g = logits.data<T>().data();
    const auto sum = [&](const RowPart& part, const std::array<T*, 1>& to) {
      core::PoolArray<T> weight(part.rows.num_edges() * s.heads);
      k.gather(part.rows, saved.graph.out_to_in().data(), s.heads, g, weight.data());
      k.slope_sums(part.rows, s.heads, s.channels, static_cast<T>(saved.negative_slope),
                   weight.data(), src + part.node * s.width(), dst, to[0], nullptr);
      k.scale_columns(part.rows.begin, part.rows.end, s.width(), saved.att.data<T>().data(), to[0]);
    };
    const std::array<RowSums<T>, 1> sums{{{grad_src.mutable_data<T>().data(), s.width()}}};
    const auto nothing = [](std::int64_t, std::int64_t) {};
    sum_rows(saved.graph.out_edges(), edge_grain(s), sums, sum, nothing);
  });
}

// Adds what the values get: sums over the out-edges of dropout(alpha) grad_output.
void add_weighted_outputs(const Saved& saved, const Tensor& coefficients, const Tensor& grad_output,
                          Tensor& grad_values) {
  const AttentionSizes& s = saved.sizes;
  dispatch(grad_values.dtype(), [&]<class T>() {
    const Kernels<T>& k = kernels<T>();
    const T* alpha = coefficients.data<T>().data();
    const T* grad_out = grad_output.data<T>().data();
    const auto sum = [&](const RowPart& part, const std::array<T*, 1>& to) {
      core::PoolArray<T> weight(part.rows.num_edges() * s.heads);
      k.gather_weights(part.rows, saved.graph.out_to_in().data(), s.heads,
                       static_cast<T>(saved.dropout.scale()), alpha, weight.data());
      k.add_weighted_sums(part.rows, s.heads, s.channels, weight.data(), grad_out, to[0]);
    };
    const std::array<RowSums<T>, 1> sums{
        {{grad_values.mutable_data<T>().data(), s.width(), /*add=*/true}}};
    const auto nothing = [](std::int64_t, std::int64_t) {};
    sum_rows(saved.graph.out_edges(), edge_grain(s), sums, sum, nothing);
  });
}

// Adds what comes through the sums and hands over the derivatives of src and, if they are apart,
// values.
template <class HandOver>
void differentiate_values(const Saved& saved, bool last_use, const Tensor& alpha,
                          const Tensor& grad_output, Tensor grad_src, const HandOver& hand_over) {
  if (saved.values_apart()) {
    Tensor grad_values = room_of(last_use, saved.values);
    grad_values.fill(0);
    add_weighted_outputs(saved, alpha, grad_output, grad_values);
    hand_over(3, std::move(grad_values));
  } else {
    add_weighted_outputs(saved, alpha, grad_output, grad_src);
  }
  hand_over(0, std::move(grad_src));
}

// Hands each derivative to hand_over(input, derivative) as soon as it is complete: of src, dst, att
// and, if they are apart, values.
template <class HandOver>
void differentiate(const Saved& saved, bool last_use, const Tensor& grad_output,
                   const HandOver& hand_over) {
  InEdgeSums in = sums_over_in_edges(saved, grad_output);
  hand_over(1, std::move(in.dst));
  hand_over(2, std::move(in.att));
  // Row by row, the derivative may replace what it is made of.
  Tensor grad_src = room_of(last_use, saved.src);
  sum_slopes(saved, in.logits, grad_src);
  in.logits = Tensor();
  differentiate_values(saved, last_use, in.alpha, grad_output, std::move(grad_src), hand_over);
}

// The same with features of edges, input 4, and their weight, input 5.
template <class HandOver>
void differentiate_with_edges(const Saved& saved, bool last_use, bool needs_features,
                              const Tensor& grad_output, const HandOver& hand_over) {
  InEdgeSums in;
  dispatch(grad_output.dtype(), [&]<class T>() {
    const auto nothing = [](const RowPart&, T*, T*) {};
    walk_in_edges<T>(saved, grad_output, {nullptr, 0}, nothing, in);
  });
  AdditiveEdgeGradients grads =
      in_edge_gradients(saved.graph, saved.edges(), in.logits, needs_features);
  hand_over(1, std::move(grads.dst));
  hand_over(2, std::move(grads.att));
  hand_over(5, std::move(grads.weight));
  if (needs_features) {
    hand_over(4, std::move(grads.features));
  }
  Tensor grad_src = out_edge_gradients(saved.graph, saved.edges(), in.logits);
  in.logits = Tensor();
  differentiate_values(saved, last_use, in.alpha, grad_output, std::move(grad_src), hand_over);
}

// @param values  undefined: src serves as values
Saved saved_for(const graph::Graph& graph, Tensor src, Tensor dst, Tensor values, Tensor att,
                const Gatv2AttentionOptions& options, const core::RandomStream* dropout_stream) {
  return {
      .graph = graph,
      .sizes = check(graph, src, dst, values.defined() ? values : src, att),
      .negative_slope = options.negative_slope,
      .dropout = CoefficientDropout(options.dropout, dropout_stream, "gatv2_attention: dropout"),
      .src = std::move(src),
      .dst = std::move(dst),
      .values = std::move(values),
      .att = std::move(att),
      .edge_features = Tensor(),
      .edge_weight = Tensor(),
      .alpha = Tensor()};
}

Saved saved_for(const graph::Graph& graph, const Gatv2Inputs& in,
                const Gatv2AttentionOptions& options, const core::RandomStream* dropout_stream) {
  Saved saved = saved_for(graph, in.src.value(), in.dst.value(),
                          in.values.defined() ? in.values.value() : Tensor(), in.att.value(),
                          options, dropout_stream);
  check_edges(in.edges, graph, saved.sizes, saved.src, "gatv2_attention");
  if (in.edges.defined()) {
    saved.edge_features = in.edges.features.value();
    saved.edge_weight = in.edges.weight.value();
  }
  return saved;
}

}  // namespace

Variable gatv2_attention(const graph::Graph& graph, const Gatv2Inputs& in,
                         const Gatv2AttentionOptions& options,
                         const core::RandomStream* dropout_stream, core::Tensor* alpha) {
  Saved saved = saved_for(graph, in, options, dropout_stream);
  const Variable& values = in.values.defined() ? in.values : in.src;
  const bool keep = autograd::should_record(
                        {in.src, in.dst, values, in.att, in.edges.features, in.edges.weight}) &&
                    keeps_coefficients(graph, saved.sizes);
  Attended result = dispatch(in.src.dtype(), [&]<class T>() {
    return attend<T>(graph, saved.sizes, keep, saved.dropout, values.value(), alpha,
                     logits_of<T>(saved));
  });
  saved.alpha = std::move(result.alpha);
  return autograd::record("gatv2_attention", std::move(result.out),
                          {in.src, in.dst, in.att, values, in.edges.features, in.edges.weight},
                          [saved = std::move(saved)](Node& node, const Tensor& grad_output) {
                            const auto hand_over = [&](int input, Tensor grad) {
                              node.add_grad(input, std::move(grad));
                            };
                            if (saved.sees_edges()) {
                              differentiate_with_edges(saved, node.last_use(), node.needs(4),
                                                       grad_output, hand_over);
                            } else {
                              differentiate(saved, node.last_use(), grad_output, hand_over);
                            }
                          });
}

Variable gatv2_attention(const graph::Graph& graph, const Variable& src, const Variable& dst,
                         const Variable& att, const Gatv2AttentionOptions& options,
                         const core::RandomStream* dropout_stream, core::Tensor* alpha) {
  return gatv2_attention(graph, Gatv2Inputs{.src = src, .dst = dst, .att = att}, options,
                         dropout_stream, alpha);
}

Variable gatv2_attention(const graph::Graph& graph, const Variable& src, const Variable& dst,
                         const Variable& values, const Variable& att,
                         const Gatv2AttentionOptions& options,
                         const core::RandomStream* dropout_stream, core::Tensor* alpha) {
  return gatv2_attention(graph, Gatv2Inputs{.src = src, .dst = dst, .att = att, .values = values},
                         options, dropout_stream, alpha);
}

Gatv2AttentionGradients gatv2_attention_gradients(const graph::Graph& graph, core::Tensor src,
                                                  core::Tensor dst, const core::Tensor& att,
                                                  const Gatv2AttentionOptions& options,
                                                  const core::RandomStream* dropout_stream,
                                                  const core::Tensor& grad_output) {
  const Saved saved =
      saved_for(graph, std::move(src), std::move(dst), Tensor(), att, options, dropout_stream);
  core::require_shape(grad_output, saved.sizes.dst_shape(), "gatv2_attention_gradients",
                      "grad_output");
  core::require_same_dtype(saved.src, grad_output, "gatv2_attention_gradients");
  Gatv2AttentionGradients grads;
  differentiate(saved, true, grad_output, [&](int input, Tensor grad) {
    (input == 0 ? grads.src : input == 1 ? grads.dst : grads.att) = std::move(grad);
  });
  return grads;
}

}  // namespace attune::sparse
