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
  double dropout_scale;
  NodeParts parts;
  Tensor alpha;  // [edges, heads], minus where dropped
};

struct LogitGradients {
  Tensor edges;  // [edges, heads]
  Tensor dst;    // summed over the in-edges of a node, [num_dst, heads]
  Tensor src;    // summed over its out-edges, [num_src, heads]
};

// First half of the backward pass: walks the in-edges.
LogitGradients walk_in_edges(const Saved& saved, const Tensor& values, const Tensor& grad_output) {
  const AttentionSizes& s = saved.sizes;
  LogitGradients grads{Tensor(), Tensor::empty({s.num_dst, s.heads}, values.dtype()),
                       Tensor::empty({s.num_src, s.heads}, values.dtype())};
  dispatch(values.dtype(), [&]<class T>() {
    const T* dst_part = saved.parts.dst.data<T>().data();
    const T* src_part = saved.parts.src.data<T>().data();
    T* dst = grads.dst.mutable_data<T>().data();
    const auto finish = [&](const RowPart& part, T* g, T* to) {
      kernels<T>().edge_logits_backward(part.rows, s.heads, static_cast<T>(saved.negative_slope),
                                        dst_part + part.node * s.heads, src_part, g, to);
    };
    grads.edges = logit_gradients<T>(saved.graph, s, saved.dropout_scale, saved.alpha, values,
                                     grad_output, {dst, s.heads}, finish);
  });
  return grads;
}

struct NodeGradients {
  Tensor z;
  Tensor values;  // undefined where z serves as values
};

// Second half: walks the out-edges. Completes grads.src.
NodeGradients walk_out_edges(const Saved& saved, const Tensor& att_dst, const Tensor& att_src,
                             const Tensor& grad_output, bool values_apart, LogitGradients& grads) {
  const AttentionSizes& s = saved.sizes;
  const core::Shape shape{s.num_src, s.heads, s.channels};
  NodeGradients result{Tensor::empty(shape, grad_output.dtype()), Tensor()};
  if (values_apart) {
    result.values = std::move(result.z);
    result.z = Tensor::zeros(shape, grad_output.dtype());
  }
  dispatch(grad_output.dtype(), [&]<class T>() {
    const Kernels<T>& k = kernels<T>();
    const T* alpha = saved.alpha.data<T>().data();
    const T* edges = grads.edges.data<T>().data();
    const T* dst = grads.dst.data<T>().data();
    const T* grad_out = grad_output.data<T>().data();
    T* src = grads.src.mutable_data<T>().data();
    T* to_z = result.z.mutable_data<T>().data();
    T* to_values = values_apart ? result.values.mutable_data<T>().data() : to_z;
    const auto sum = [&](const RowPart& part, const std::array<T*, 2>& to) {
      core::PoolArray<T> weight(part.rows.num_edges() * s.heads);
      k.gather_transposed(part.rows, saved.graph.out_to_in().data(), s.heads,
                          static_cast<T>(saved.dropout_scale), alpha, edges, weight.data(), to[1]);
      k.weighted_sums(part.rows, s.heads, s.channels, weight.data(), grad_out, to[0]);
    };
    const auto finish = [&](std::int64_t begin, std::int64_t end) {
      k.add_outer_products(begin, end, s.heads, s.channels, src, att_src.data<T>().data(), to_z);
      k.add_outer_products(begin, std::min(end, s.num_dst), s.heads, s.channels, dst,
                           att_dst.data<T>().data(), to_z);
    };
    const std::array<RowSums<T>, 2> sums{{{to_values, s.width()}, {src, s.heads}}};
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

Variable attention(const graph::Graph& graph, const Variable& z, const Variable& values, bool apart,
                   const Variable& att_dst, const Variable& att_src,
                   const GatAttentionOptions& options, const core::RandomStream* dropout_stream,
                   core::Tensor* alpha) {
  const AttentionSizes sizes = check(graph, z, values, att_dst, att_src);
  const CoefficientDropout dropout(options.dropout, dropout_stream, "gat_attention: dropout");
  Saved saved{graph,
              sizes,
              options.negative_slope,
              dropout.scale(),
              node_parts(sizes, z.value(), att_dst.value(), att_src.value()),
              Tensor()};
  const bool keep = autograd::should_record({z, values, att_dst, att_src});
  Attended result = dispatch(z.dtype(), [&]<class T>() {
    const T* dst = saved.parts.dst.data<T>().data();
    const T* src = saved.parts.src.data<T>().data();
    const auto logits = [&](const RowPart& part, T* to) {
      kernels<T>().edge_logits(part.rows, sizes.heads, static_cast<T>(options.negative_slope),
                               dst + part.node * sizes.heads, src, to);
    };
    return attend<T>(graph, sizes, keep, dropout, values.value(), alpha, logits);
  });
  saved.alpha = std::move(result.alpha);
  return autograd::record(
      "gat_attention", std::move(result.out), {z, att_dst, att_src, values},
      [saved = std::move(saved), z = z.value(), values = values.value(), att_dst = att_dst.value(),
       att_src = att_src.value(), apart](Node& node, const Tensor& grad_output) {
        LogitGradients grads = walk_in_edges(saved, values, grad_output);
        NodeGradients nodes = walk_out_edges(saved, att_dst, att_src, grad_output, apart, grads);
        node.add_grad(0, std::move(nodes.z));
        if (apart) {
          node.add_grad(3, std::move(nodes.values));
        }
        VectorGradients vectors = attention_vector_gradients(saved.sizes, grads, z);
        node.add_grad(1, std::move(vectors.dst));
        node.add_grad(2, std::move(vectors.src));
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
