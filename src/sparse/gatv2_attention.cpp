#include <algorithm>
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

AttentionSizes check(const graph::Graph& graph, const Variable& src, const Variable& dst,
                     const Variable& values, const Variable& att) {
  const core::Shape& shape = src.shape();
  if (shape.rank() != 3 || shape[0] != graph.num_src()) {
    throw ShapeError(core::text("gatv2_attention: src must be [", graph.num_src(),
                                ", heads, channels], got ", shape.to_string()));
  }
  core::require_shape(dst.value(), {graph.num_dst(), shape[1], shape[2]}, "gatv2_attention", "dst");
  core::require_shape(att.value(), {shape[1], shape[2]}, "gatv2_attention", "att");
  core::require_same_dtype(src.value(), dst.value(), "gatv2_attention");
  core::require_same_dtype(src.value(), att.value(), "gatv2_attention");
  core::require_shape(values.value(), shape, "gatv2_attention", "values");
  core::require_same_dtype(src.value(), values.value(), "gatv2_attention");
  return {graph.num_dst(), graph.num_src(), shape[1], shape[2]};
}

// What the forward pass leaves to the backward pass.
struct Saved {
  graph::Graph graph;
  AttentionSizes sizes;
  double negative_slope;
  double dropout_scale;
  Tensor src;
  Tensor dst;
  Tensor values;  // src itself, unless they are apart
  bool values_apart;
  Tensor att;
  Tensor alpha;  // [edges, heads], minus where dropped
};

// With s_e = dst[i] + src[j] and g_e the derivative of logit e, every derivative is made of
//     in[i]  = sum over the in-edges of i of g_e leaky_relu'(s_e)
//     out[j] = the same over the out-edges of j:
// grad_dst = att in, grad_src = att out + (values), and, because leaky_relu(s) = s leaky_relu'(s),
// grad_att = sum_i dst[i] in[i] + sum_j src[j] out[j].
struct SlopeSums {
  Tensor logits;  // g_e, [edges, heads]
  Tensor in;      // [num_dst, heads, channels]
};

SlopeSums walk_in_edges(const Saved& saved, const Tensor& grad_output) {
  const AttentionSizes& s = saved.sizes;
  SlopeSums sums{Tensor(), Tensor::empty(saved.dst.shape(), saved.dst.dtype())};
  dispatch(sums.in.dtype(), [&]<class T>() {
    const T* src = saved.src.data<T>().data();
    const T* dst = saved.dst.data<T>().data();
    T* to = sums.in.mutable_data<T>().data();
    const auto finish = [&](const Rows& rows, T* g) {
      kernels<T>().slope_sums(rows, s.heads, s.channels, static_cast<T>(saved.negative_slope), g,
                              dst, src, to);
    };
    sums.logits = logit_gradients<T>(saved.graph, s, saved.dropout_scale, saved.alpha, saved.values,
                                     grad_output, finish);
  });
  return sums;
}

struct OutEdgeSums {
  Tensor slopes;  // out[j], [num_src, heads, channels]
  Tensor values;  // sum of dropout(alpha) grad_output, [num_src, heads, channels]
};

OutEdgeSums walk_out_edges(const Saved& saved, const Tensor& grad_output, const Tensor& logits) {
  const AttentionSizes& s = saved.sizes;
  OutEdgeSums sums{Tensor::empty(saved.src.shape(), saved.src.dtype()),
                   Tensor::empty(saved.src.shape(), saved.src.dtype())};
  dispatch(sums.slopes.dtype(), [&]<class T>() {
    const Kernels<T>& k = kernels<T>();
    const T* src = saved.src.data<T>().data();
    const T* dst = saved.dst.data<T>().data();
    const T* alpha = saved.alpha.data<T>().data();
    const T* g = logits.data<T>().data();
    const T* grad_out = grad_output.data<T>().data();
    T* to_slopes = sums.slopes.mutable_data<T>().data();
    T* to_values = sums.values.mutable_data<T>().data();
    const std::int64_t* position = saved.graph.out_to_in().data();
    for_row_blocks(saved.graph.out_edges(), s, [&](const Rows& rows) {
      core::PoolArray<T> weight(rows.num_edges() * s.heads);
      k.gather_weights(rows, position, s.heads, static_cast<T>(saved.dropout_scale), alpha,
                       weight.data());
      k.weighted_sums(rows, s.heads, s.channels, weight.data(), grad_out, to_values);
      k.gather(rows, position, s.heads, g, weight.data());
      k.slope_sums(rows, s.heads, s.channels, static_cast<T>(saved.negative_slope), weight.data(),
                   src, dst, to_slopes);
    });
  });
  return sums;
}

std::int64_t node_grain(const AttentionSizes& s) {
  return std::max<std::int64_t>(64, 65536 / (s.width() + 8));
}

// sums * att (+ more), in place; att is [heads, channels].
void times_attention(const AttentionSizes& s, const Tensor& att, const Tensor* more, Tensor& sums) {
  dispatch(sums.dtype(), [&]<class T>() {
    const T* a = att.data<T>().data();
    const T* plus = more != nullptr ? more->data<T>().data() : nullptr;
    T* x = sums.mutable_data<T>().data();
    core::parallel_for(sums.size(0), node_grain(s), [&](std::int64_t begin, std::int64_t end) {
      kernels<T>().scale_columns(begin, end, s.width(), a, plus, x);
    });
  });
}

Tensor attention_vector_gradient(const Saved& saved, const Tensor& in, const Tensor& out) {
  const AttentionSizes& s = saved.sizes;
  return dispatch(in.dtype(), [&]<class T>() {
    const T* a = in.data<T>().data();
    const T* b = out.data<T>().data();
    const T* dst = saved.dst.data<T>().data();
    const T* src = saved.src.data<T>().data();
    const auto add_rows = [&](std::int64_t begin, std::int64_t end, std::span<T> sum) {
      kernels<T>().add_products(begin, std::min(end, s.num_dst), s.width(), a, dst, sum.data());
      kernels<T>().add_products(begin, end, s.width(), b, src, sum.data());
    };
    return core::parallel_reduce_rows<T>(s.num_src, node_grain(s), s.width(), add_rows)
        .reshape({s.heads, s.channels});
  });
}

void differentiate(const Saved& saved, Node& node, const Tensor& grad_output) {
  SlopeSums in = walk_in_edges(saved, grad_output);
  OutEdgeSums out = walk_out_edges(saved, grad_output, in.logits);
  node.add_grad(2, attention_vector_gradient(saved, in.in, out.slopes));
  times_attention(saved.sizes, saved.att, saved.values_apart ? nullptr : &out.values, out.slopes);
  node.add_grad(0, std::move(out.slopes));
  if (saved.values_apart) {
    node.add_grad(3, std::move(out.values));
  }
  times_attention(saved.sizes, saved.att, nullptr, in.in);
  node.add_grad(1, std::move(in.in));
}

// @param apart  values has a gradient of its own; else it is src
Variable attention(const graph::Graph& graph, const Variable& src, const Variable& dst,
                   const Variable& values, bool apart, const Variable& att,
                   const Gatv2AttentionOptions& options, const core::RandomStream* dropout_stream,
                   core::Tensor* alpha) {
  const AttentionSizes sizes = check(graph, src, dst, values, att);
  const CoefficientDropout dropout(options.dropout, dropout_stream, "gatv2_attention: dropout");
  const bool keep = autograd::should_record({src, dst, values, att});
  Attended result = dispatch(src.dtype(), [&]<class T>() {
    const T* from = src.value().data<T>().data();
    const T* own = dst.value().data<T>().data();
    const T* a = att.value().data<T>().data();
    const auto logits = [&](const Rows& rows, T* to) {
      kernels<T>().additive_logits(rows, sizes.heads, sizes.channels,
                                   static_cast<T>(options.negative_slope), own, from, a, to);
    };
    return attend<T>(graph, sizes, keep, dropout, values.value(), alpha, logits);
  });
  Saved saved{.graph = graph,
              .sizes = sizes,
              .negative_slope = options.negative_slope,
              .dropout_scale = dropout.scale(),
              .src = src.value(),
              .dst = dst.value(),
              .values = values.value(),
              .values_apart = apart,
              .att = att.value(),
              .alpha = result.alpha};
  return autograd::record("gatv2_attention", std::move(result.out), {src, dst, att, values},
                          [saved = std::move(saved)](Node& node, const Tensor& grad_output) {
                            differentiate(saved, node, grad_output);
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

}  // namespace attune::sparse
