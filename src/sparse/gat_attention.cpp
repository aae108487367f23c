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

AttentionSizes check(const graph::Graph& graph, const GatInputs& inputs) {
  const Variable& z = inputs.z;
  const Variable& att_dst = inputs.att_dst;
  const Variable& att_src = inputs.att_src;
  const core::Shape& shape = z.shape();
  if (shape.rank() != 3 || shape[0] != graph.num_src()) {
    throw ShapeError(core::text("gat_attention: z must be [", graph.num_src(),
                                ", heads, channels], got ", shape.to_string()));
  }
  core::require_shape(att_dst.value(), {shape[1], shape[2]}, "gat_attention", "att_dst");
  core::require_shape(att_src.value(), {shape[1], shape[2]}, "gat_attention", "att_src");
  core::require_same_dtype(z.value(), att_dst.value(), "gat_attention");
  core::require_same_dtype(z.value(), att_src.value(), "gat_attention");
  if (inputs.values.defined()) {
    core::require_shape(inputs.values.value(), shape, "gat_attention", "values");
    core::require_same_dtype(z.value(), inputs.values.value(), "gat_attention");
  }
  if (inputs.edge_terms.defined()) {
    core::require_shape(inputs.edge_terms.value(), {graph.num_edges(), shape[1]}, "gat_attention",
                        "edge_terms");
    core::require_same_dtype(z.value(), inputs.edge_terms.value(), "gat_attention");
  }
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
  Tensor terms;  // of the edges; undefined: none
  Tensor alpha;  // [edges, heads], minus where dropped; undefined: to be made again
  Tensor z;
  Tensor values;  // undefined where z serves as values
  Tensor att_dst;
  Tensor att_src;

  [[nodiscard]] bool values_apart() const { return values.defined(); }
};

// The terms of the edges of a part, or null.
template <std::floating_point T>
auto terms_of(const Saved& saved) {
  return [all = saved.terms.defined() ? saved.terms.data<T>().data() : nullptr,
          heads = saved.sizes.heads](const RowPart& part) {
    return all != nullptr ? all + part.rows.first_edge() * heads : nullptr;
  };
}

// logits(part, to), for the forward pass and to make the coefficients again.
template <std::floating_point T>
auto logits_of(const Saved& saved) {
  return [heads = saved.sizes.heads, slope = static_cast<T>(saved.negative_slope),
          dst = saved.parts.dst.data<T>().data(), src = saved.parts.src.data<T>().data(),
          terms = terms_of<T>(saved)](const RowPart& part, T* to) {
    kernels<T>().edge_logits(part.rows, heads, slope, dst + part.node * heads, src, terms(part),
                             to);
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
    const auto terms = terms_of<T>(saved);
    const auto finish = [&](const RowPart& part, T* g, T* to) {
      kernels<T>().edge_logits_backward(part.rows, s.heads, static_cast<T>(saved.negative_slope),
                                        dst_part + part.node * s.heads, src_part, terms(part), g,
                                        to);
    };
    const auto logits = logits_of<T>(saved);
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
  if (saved.terms.defined()) {
    node.add_grad(4, grads.edges);
  }
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

Saved saved_of(const graph::Graph& graph, const GatInputs& inputs,
               const GatAttentionOptions& options, const core::RandomStream* dropout_stream) {
  const AttentionSizes sizes = check(graph, inputs);
  const auto tensor_of = [](const Variable& variable) {
    return variable.defined() ? variable.value() : Tensor();
  };
  return {
      .graph = graph,
      .sizes = sizes,
      .negative_slope = options.negative_slope,
      .dropout = CoefficientDropout(options.dropout, dropout_stream, "gat_attention: dropout"),
      .parts = node_parts(sizes, inputs.z.value(), inputs.att_dst.value(), inputs.att_src.value()),
      .terms = tensor_of(inputs.edge_terms),
      .alpha = Tensor(),
      .z = inputs.z.value(),
      .values = tensor_of(inputs.values),
      .att_dst = inputs.att_dst.value(),
      .att_src = inputs.att_src.value()};
}

}  // namespace

Variable gat_attention(const graph::Graph& graph, const GatInputs& inputs,
                       const GatAttentionOptions& options, const core::RandomStream* dropout_stream,
                       core::Tensor* alpha) {
  Saved saved = saved_of(graph, inputs, options, dropout_stream);
  // Left out, they are recorded as what nobody hands a derivative to again.
  const Variable& values = inputs.values.defined() ? inputs.values : inputs.z;
  const Variable& terms = inputs.edge_terms.defined() ? inputs.edge_terms : inputs.z;
  const bool keep =
      autograd::should_record({inputs.z, values, inputs.att_dst, inputs.att_src, terms}) &&
      keeps_coefficients(graph, saved.sizes);
  Attended result = dispatch(inputs.z.dtype(), [&]<class T>() {
    return attend<T>(graph, saved.sizes, keep, saved.dropout, values.value(), alpha,
                     logits_of<T>(saved));
  });
  saved.alpha = std::move(result.alpha);
  return autograd::record("gat_attention", std::move(result.out),
                          {inputs.z, inputs.att_dst, inputs.att_src, values, terms},
                          [saved = std::move(saved)](Node& node, const Tensor& grad_output) {
                            differentiate(saved, node, grad_output);
                          });
}

Variable gat_attention(const graph::Graph& graph, const Variable& z, const Variable& att_dst,
                       const Variable& att_src, const GatAttentionOptions& options,
                       const core::RandomStream* dropout_stream, core::Tensor* alpha) {
  return gat_attention(graph, GatInputs{.z = z, .att_dst = att_dst, .att_src = att_src}, options,
                       dropout_stream, alpha);
}

Variable gat_attention(const graph::Graph& graph, const Variable& z, const Variable& values,
                       const Variable& att_dst, const Variable& att_src,
                       const GatAttentionOptions& options, const core::RandomStream* dropout_stream,
                       core::Tensor* alpha) {
  return gat_attention(graph,
                       GatInputs{.z = z, .att_dst = att_dst, .att_src = att_src, .values = values},
                       options, dropout_stream, alpha);
}

}  // namespace attune::sparse
