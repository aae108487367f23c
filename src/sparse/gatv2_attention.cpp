#include <array>
#include <span>
#include <utility>

#include "sparse/attend.hpp"
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
  Tensor alpha;  // [edges, heads], minus where dropped; undefined: to be made again

  [[nodiscard]] bool values_apart() const { return values.defined(); }
};

// logits(part, to), for the forward pass and to make the coefficients again.
template <std::floating_point T>
auto logits_of(const Saved& saved) {
  return [sizes = saved.sizes, slope = static_cast<T>(saved.negative_slope),
          dst = saved.dst.data<T>().data(), src = saved.src.data<T>().data(),
          att = saved.att.data<T>().data()](const RowPart& part, T* to) {
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

// [slots, width], added in their order.
Tensor sum_of_slots(const Tensor& slots, const core::Shape& shape) {
  Tensor total = Tensor::zeros(shape, slots.dtype());
  dispatch(slots.dtype(), [&]<class T>() {
    const std::span<T> to = total.mutable_data<T>();
    const std::span<const T> from = slots.data<T>();
    for (std::size_t i = 0; i < from.size(); ++i) {
      to[i % to.size()] += from[i];
    }
  });
  return total;
}

InEdgeSums walk_in_edges(const Saved& saved, const Tensor& grad_output) {
  const AttentionSizes& s = saved.sizes;
  InEdgeSums sums{Tensor(), Tensor(), Tensor::empty(saved.dst.shape(), saved.dst.dtype()),
                  Tensor()};
  const std::int64_t slots = num_slots(saved.graph.in_edges(), edge_grain(s));
  Tensor att_parts = Tensor::zeros({slots, s.width()}, saved.dst.dtype());
  dispatch(sums.dst.dtype(), [&]<class T>() {
    const Kernels<T>& k = kernels<T>();
    const T* src = saved.src.data<T>().data();
    const T* dst = saved.dst.data<T>().data();
    T* att_part = att_parts.mutable_data<T>().data();
    const auto finish = [&](const RowPart& part, T* g, T* to) {
      k.slope_sums(part.rows, s.heads, s.channels, static_cast<T>(saved.negative_slope), g,
                   dst + part.node * s.width(), src, to, att_part + part.slot * s.width());
      k.scale_columns(part.rows.begin, part.rows.end, s.width(), saved.att.data<T>().data(), to);
    };
    const auto logits = logits_of<T>(saved);
    const Coefficients<T, decltype(logits)> alpha(saved.graph, s, saved.dropout, saved.alpha,
                                                  logits);
    sums.logits = logit_gradients<T>(saved.graph, s, saved.dropout.scale(), alpha,
                                     saved.values_apart() ? saved.values : saved.src, grad_output,
                                     {sums.dst.mutable_data<T>().data(), s.width()}, finish);
    sums.alpha = alpha.tensor();
  });
  sums.att = sum_of_slots(att_parts, saved.att.shape());
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

// Hands each derivative to hand_over(input, derivative) as soon as it is complete: of src, dst, att
// and, if they are apart, values.
template <class HandOver>
void differentiate(const Saved& saved, bool last_use, const Tensor& grad_output,
                   const HandOver& hand_over) {
  InEdgeSums in = walk_in_edges(saved, grad_output);
  hand_over(1, std::move(in.dst));
  hand_over(2, std::move(in.att));
  // Row by row, the derivative may replace what it is made of.
  Tensor grad_src = room_of(last_use, saved.src);
  sum_slopes(saved, in.logits, grad_src);
  in.logits = Tensor();
  if (saved.values_apart()) {
    Tensor grad_values = room_of(last_use, saved.values);
    grad_values.fill(0);
    add_weighted_outputs(saved, in.alpha, grad_output, grad_values);
    hand_over(3, std::move(grad_values));
  } else {
    add_weighted_outputs(saved, in.alpha, grad_output, grad_src);
  }
  hand_over(0, std::move(grad_src));
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
      .alpha = Tensor()};
}

// @param apart  values has a gradient of its own; else it is src
Variable attention(const graph::Graph& graph, const Variable& src, const Variable& dst,
                   const Variable& values, bool apart, const Variable& att,
                   const Gatv2AttentionOptions& options, const core::RandomStream* dropout_stream,
                   core::Tensor* alpha) {
  Saved saved = saved_for(graph, src.value(), dst.value(), apart ? values.value() : Tensor(),
                          att.value(), options, dropout_stream);
  const bool keep =
      autograd::should_record({src, dst, values, att}) && keeps_coefficients(graph, saved.sizes);
  Attended result = dispatch(src.dtype(), [&]<class T>() {
    return attend<T>(graph, saved.sizes, keep, saved.dropout, values.value(), alpha,
                     logits_of<T>(saved));
  });
  saved.alpha = std::move(result.alpha);
  return autograd::record(
      "gatv2_attention", std::move(result.out), {src, dst, att, values},
      [saved = std::move(saved)](Node& node, const Tensor& grad_output) {
        differentiate(saved, node.last_use(), grad_output,
                      [&](int input, Tensor grad) { node.add_grad(input, std::move(grad)); });
      });
}

}  // namespace

Variable gatv2_attention(const graph::Graph& graph, const Variable& src, const Variable& dst,
                         const Variable& att, const Gatv2AttentionOptions& options,
                         const core::RandomStream* dropout_stream, core::Tensor* alpha) {
  return attention(graph, src, dst, src, false, att, options, dropout_stream, alpha);
}

Variable gatv2_attention(const graph::Graph& graph, const Variable& src, const Variable& dst,
                         const Variable& values, const Variable& att,
                         const Gatv2AttentionOptions& options,
                         const core::RandomStream* dropout_stream, core::Tensor* alpha) {
  return attention(graph, src, dst, values, true, att, options, dropout_stream, alpha);
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
