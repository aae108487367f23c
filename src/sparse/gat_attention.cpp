#include <algorithm>
#include <array>
#include <utility>

#include "sparse/attend.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/sparse/gat_attention.hpp>

namespace attune::sparse {

using autograd::Node;
using core::dispatch;
using core::Tensor;

namespace {

AttentionSizes check(const graph::Graph& graph, const Variable& z, const Variable& values,
                     const Variable& att_dst, const Variable& att_src) {
  const core::Shape& shape = z.shape();
  if (shape.rank() != 3 || shape[0] != graph.num_src()) {
    throw ShapeError(core::text("gat_attention: z must be [", graph.num_src(),
                                ", heads, channels], got ", shape.to_string()));
  }
  core::require_shape(att_dst.value(), {shape[1], shape[2]}, "gat_attention", "att_dst");
  core::require_shape(att_src.value(), {shape[1], shape[2]}, "gat_attention", "att_src");
  core::require_same_dtype(z.value(), att_dst.value(), "gat_attention");
  core::require_same_dtype(z.value(), att_src.value(), "gat_attention");
  core::require_shape(values.value(), shape, "gat_attention", "values");
  core::require_same_dtype(z.value(), values.value(), "gat_attention");
  return {graph.num_dst(), graph.num_src(), shape[1], shape[2]};
}

// Rows of z a task for a loop that reads each of them once.
std::int64_t node_grain(const AttentionSizes& s) {
  return std::max<std::int64_t>(64, 32768 / (s.width() + 8));
}

struct NodeParts {
  Tensor dst;  // att_dst . z, [num_dst, heads]
  Tensor src;  // att_src . z, [num_src, heads]
};

NodeParts node_parts(const AttentionSizes& s, const Tensor& z, const Tensor& att_dst,
                     const Tensor& att_src) {
  NodeParts parts{Tensor::empty({s.num_dst, s.heads}, z.dtype()),
                  Tensor::empty({s.num_src, s.heads}, z.dtype())};
  dispatch(z.dtype(), [&]<class T>() {
    const T* x = z.data<T>().data();
    const T* to_dst = att_dst.data<T>().data();
    const T* to_src = att_src.data<T>().data();
    T* dst = parts.dst.mutable_data<T>().data();
    T* src = parts.src.mutable_data<T>().data();
    core::parallel_for(s.num_src, node_grain(s), [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t both = std::clamp(s.num_dst, begin, end);  // the first nodes are dst nodes
      kernels<T>().two_head_dots(begin, both, s.heads, s.channels, x, to_dst, to_src, dst, src);
      kernels<T>().head_dots(both, end, s.heads, s.channels, x, to_src, src);
    });
  });
  return parts;
}

// What the forward pass leaves to the backward pass.
struct Saved {
  graph::Graph graph;
  AttentionSizes sizes;
  double negative_slope;
  CoefficientDropout dropout;
  NodeParts parts;
  Tensor alpha;  // [edges, heads], minus where dropped; undefined: to be made again
  Tensor z;
  Tensor values;  // undefined where z serves as values
  Tensor att_dst;
  Tensor att_src;

  [[nodiscard]] bool values_apart() const { return values.defined(); }
};

// logits(part, to), for the forward pass and to make the coefficients again.
template <std::floating_point T>
auto logits_of(const AttentionSizes& sizes, const NodeParts& parts, double negative_slope) {
  return [heads = sizes.heads, slope = static_cast<T>(negative_slope),
          dst = parts.dst.data<T>().data(),
          src = parts.src.data<T>().data()](const RowPart& part, T* to) {
    kernels<T>().edge_logits(part.rows, heads, slope, dst + part.node * heads, src, to);
  };
}

struct LogitGradients {
  Tensor alpha;  // the coefficients, made again if they were not kept
  Tensor edges;  // [edges, heads]
  Tensor dst;    // summed over the in-edges of a node, [num_dst, heads]
  Tensor src;    // summed over its out-edges, [num_src, heads]
};

// The first walk: over the in-edges.
LogitGradients walk_in_edges(const Saved& saved, const Tensor& grad_output) {
  const AttentionSizes& s = saved.sizes;
  const Tensor& values = saved.values_apart() ? saved.values : saved.z;
  LogitGradients grads{Tensor(), Tensor(), Tensor::empty({s.num_dst, s.heads}, values.dtype()),
                       Tensor::empty({s.num_src, s.heads}, values.dtype())};
  dispatch(values.dtype(), [&]<class T>() {
    const T* dst_part = saved.parts.dst.data<T>().data();
    const T* src_part = saved.parts.src.data<T>().data();
    T* dst = grads.dst.mutable_data<T>().data();
    const auto finish = [&](const RowPart& part, T* g, T* to) {
      kernels<T>().edge_logits_backward(part.rows, s.heads, static_cast<T>(saved.negative_slope),
                                        dst_part + part.node * s.heads, src_part, g, to);
    };
    const auto logits = logits_of<T>(s, saved.parts, saved.negative_slope);
    const Coefficients<T, decltype(logits)> alpha(saved.graph, s, saved.dropout, saved.alpha,
                                                  logits);
    grads.edges = logit_gradients<T>(saved.graph, s, saved.dropout.scale(), alpha, values,
                                     grad_output, {dst, s.heads}, finish);
    grads.alpha = alpha.tensor();
  });
  return grads;
}

// The second one: over the out-edges, for the sums of the logits' derivatives. Completes grads.src.
void sum_over_out_edges(const Saved& saved, LogitGradients& grads) {
  const AttentionSizes& s = saved.sizes;
  dispatch(grads.src.dtype(), [&]<class T>() {
    const T* edges = grads.edges.data<T>().data();
    const auto sum = [&](const RowPart& part, const std::array<T*, 1>& to) {
      kernels<T>().gather_sums(part.rows, saved.graph.out_to_in().data(), s.heads, edges, to[0]);
    };
    const std::array<RowSums<T>, 1> sums{{{grads.src.mutable_data<T>().data(), s.heads}}};
    const auto nothing = [](std::int64_t, std::int64_t) {};
    sum_rows(saved.graph.out_edges(), entries_a_block(s.heads), sums, sum, nothing);
  });
}

struct NodeGradients {
  Tensor z;
  Tensor values;  // undefined where z serves as values
};

// Where the derivatives go, over what nobody looks at any more where that may be.
NodeGradients room_for_gradients(bool last_use, const Saved& saved) {
  if (!saved.values_apart()) {
    return {room_of(last_use, saved.z), Tensor()};
  }
  NodeGradients room{room_of(last_use, saved.z), room_of(last_use, saved.values)};
  room.z.fill(0);
  return room;
}

// The third one: over the out-edges again, for the derivatives of the nodes.
NodeGradients walk_out_edges(bool last_use, const Saved& saved, const Tensor& grad_output,
                             const LogitGradients& grads) {
  const AttentionSizes& s = saved.sizes;
  NodeGradients result = room_for_gradients(last_use, saved);
  dispatch(grad_output.dtype(), [&]<class T>() {
    const Kernels<T>& k = kernels<T>();
    const T* alpha = grads.alpha.data<T>().data();
    const T* dst = grads.dst.data<T>().data();
    const T* src = grads.src.data<T>().data();
    const T* grad_out = grad_output.data<T>().data();
    T* to_z = result.z.mutable_data<T>().data();
    T* to_values = saved.values_apart() ? result.values.mutable_data<T>().data() : to_z;
    const auto sum = [&](const RowPart& part, const std::array<T*, 1>& to) {
      core::PoolArray<T> weight(part.rows.num_edges() * s.heads);
      k.gather_weights(part.rows, saved.graph.out_to_in().data(), s.heads,
                       static_cast<T>(saved.dropout.scale()), alpha, weight.data());
      k.weighted_sums(part.rows, s.heads, s.channels, weight.data(), grad_out, to[0]);
    };
    const auto finish = [&](std::int64_t begin, std::int64_t end) {
      k.add_outer_products(begin, end, s.heads, s.channels, src, saved.att_src.data<T>().data(),
                           to_z);
      k.add_outer_products(begin, std::min(end, s.num_dst), s.heads, s.channels, dst,
                           saved.att_dst.data<T>().data(), to_z);
    };
    const std::array<RowSums<T>, 1> sums{{{to_values, s.width()}}};
    sum_rows(saved.graph.out_edges(), edge_grain(s), sums, sum, finish);
  });
  return result;
}

struct VectorGradients {
  Tensor dst;  // [heads, channels]
  Tensor src;  // the same
};

VectorGradients attention_vector_gradients(const AttentionSizes& s, const LogitGradients& grads,
                                           const Tensor& z) {
  return dispatch(z.dtype(), [&]<class T>() {
    const T* x = z.data<T>().data();
    const T* dst = grads.dst.data<T>().data();
    const T* src = grads.src.data<T>().data();
    // A row of sums: those of att_dst, then those of att_src.
    const auto add_rows = [&](std::int64_t begin, std::int64_t end, std::span<T> sums) {
      const std::int64_t last_dst = std::clamp(s.num_dst, begin, end);
      kernels<T>().add_weighted_rows(begin, last_dst, s.heads, s.channels, dst, x, sums.data());
      kernels<T>().add_weighted_rows(begin, end, s.heads, s.channels, src, x,
                                     sums.data() + s.width());
    };
    const Tensor sums =
        core::parallel_reduce_rows<T>(s.num_src, node_grain(s), 2 * s.width(), add_rows);
    const auto half = static_cast<std::size_t>(s.width());
    const core::Shape shape{s.heads, s.channels};
    return VectorGradients{Tensor::from(sums.data<T>().first(half), shape),
                           Tensor::from(sums.data<T>().last(half), shape)};
  });
}

void differentiate(const Saved& saved, Node& node, const Tensor& grad_output) {
  LogitGradients grads = walk_in_edges(saved, grad_output);
  sum_over_out_edges(saved, grads);
  grads.edges = Tensor();
  VectorGradients vectors = attention_vector_gradients(saved.sizes, grads, saved.z);
  node.add_grad(1, std::move(vectors.dst));
  node.add_grad(2, std::move(vectors.src));
  NodeGradients nodes = walk_out_edges(node.last_use(), saved, grad_output, grads);
  node.add_grad(0, std::move(nodes.z));
  if (saved.values_apart()) {
    node.add_grad(3, std::move(nodes.values));
  }
}

Variable attention(const graph::Graph& graph, const Variable& z, const Variable& values, bool apart,
                   const Variable& att_dst, const Variable& att_src,
                   const GatAttentionOptions& options, const core::RandomStream* dropout_stream,
                   core::Tensor* alpha) {
  const AttentionSizes sizes = check(graph, z, values, att_dst, att_src);
  Saved saved{
      .graph = graph,
      .sizes = sizes,
      .negative_slope = options.negative_slope,
      .dropout = CoefficientDropout(options.dropout, dropout_stream, "gat_attention: dropout"),
      .parts = node_parts(sizes, z.value(), att_dst.value(), att_src.value()),
      .alpha = Tensor(),
      .z = z.value(),
      .values = apart ? values.value() : Tensor(),
      .att_dst = att_dst.value(),
      .att_src = att_src.value()};
  const bool keep =
      autograd::should_record({z, values, att_dst, att_src}) && keeps_coefficients(graph, sizes);
  Attended result = dispatch(z.dtype(), [&]<class T>() {
    return attend<T>(graph, sizes, keep, saved.dropout, values.value(), alpha,
                     logits_of<T>(sizes, saved.parts, options.negative_slope));
  });
  saved.alpha = std::move(result.alpha);
  return autograd::record("gat_attention", std::move(result.out), {z, att_dst, att_src, values},
                          [saved = std::move(saved)](Node& node, const Tensor& grad_output) {
                            differentiate(saved, node, grad_output);
                          });
}

}  // namespace

Variable gat_attention(const graph::Graph& graph, const Variable& z, const Variable& att_dst,
                       const Variable& att_src, const GatAttentionOptions& options,
                       const core::RandomStream* dropout_stream, core::Tensor* alpha) {
  return attention(graph, z, z, false, att_dst, att_src, options, dropout_stream, alpha);
}

Variable gat_attention(const graph::Graph& graph, const Variable& z, const Variable& values,
                       const Variable& att_dst, const Variable& att_src,
                       const GatAttentionOptions& options, const core::RandomStream* dropout_stream,
                       core::Tensor* alpha) {
  return attention(graph, z, values, true, att_dst, att_src, options, dropout_stream, alpha);
}

}  // namespace attune::sparse
