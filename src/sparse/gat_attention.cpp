#include <algorithm>
#include <utility>

#include "sparse/kernels.hpp"
#include "sparse/row_blocks.hpp"
#include <attune/core/error.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/dropout.hpp>
#include <attune/sparse/gat_attention.hpp>

namespace attune::sparse {

using autograd::Node;
using core::dispatch;
using core::PoolArray;
using core::Tensor;

namespace {

struct Sizes {
  std::int64_t nodes;
  std::int64_t heads;
  std::int64_t channels;

  [[nodiscard]] std::int64_t width() const { return heads * channels; }
};

Rows block_of(const graph::CsrView& edges, std::int64_t begin, std::int64_t end) {
  return {edges.row_ptr.data(), edges.col_idx.data(), begin, end};
}

Sizes check(const graph::Graph& graph, const Variable& z, const Variable& att_dst,
            const Variable& att_src) {
  const core::Shape& shape = z.shape();
  if (shape.rank() != 3 || shape[0] != graph.num_nodes()) {
    throw ShapeError(core::text("gat_attention: z must be [", graph.num_nodes(),
                                ", heads, channels], got ", shape.to_string()));
  }
  core::require_shape(att_dst.value(), {shape[1], shape[2]}, "gat_attention", "att_dst");
  core::require_shape(att_src.value(), {shape[1], shape[2]}, "gat_attention", "att_src");
  core::require_same_dtype(z.value(), att_dst.value(), "gat_attention");
  core::require_same_dtype(z.value(), att_src.value(), "gat_attention");
  return {shape[0], shape[1], shape[2]};
}

// What the forward pass leaves to the backward pass.
struct Saved {
  graph::Graph graph;
  Sizes sizes;
  double negative_slope;
  double dropout_scale;
  Tensor dst_part;  // att_dst . z, [nodes, heads]
  Tensor src_part;  // att_src . z, [nodes, heads]
  Tensor alpha;     // [edges, heads], minus where dropped
};

Tensor node_part(const Sizes& s, const Tensor& z, const Tensor& att) {
  Tensor part = Tensor::empty({s.nodes, s.heads}, z.dtype());
  dispatch(z.dtype(), [&]<class T>() {
    const T* x = z.data<T>().data();
    const T* a = att.data<T>().data();
    T* out = part.mutable_data<T>().data();
    core::parallel_for(s.nodes, std::max<std::int64_t>(1, 65536 / (s.width() + 8)),
                       [&](std::int64_t begin, std::int64_t end) {
                         kernels<T>().head_dots(begin, end, s.heads, s.channels, x, a, out);
                       });
  });
  return part;
}

// The forward pass over a block of rows. alpha: of the block.
template <std::floating_point T>
void attend(const Saved& saved, const Rows& rows, const ops::DropoutRate& rate,
            const core::RandomStream* stream, const T* z, T* alpha, T* alpha_out, T* out) {
  const Sizes& s = saved.sizes;
  const std::int64_t count = rows.num_edges() * s.heads;
  const Kernels<T>& k = kernels<T>();
  k.edge_logits(rows, s.heads, static_cast<T>(saved.negative_slope),
                saved.dst_part.data<T>().data(), saved.src_part.data<T>().data(), alpha);
  k.row_softmax(rows, s.heads, alpha);
  if (alpha_out != nullptr) {
    std::copy(alpha, alpha + count, alpha_out);
  }
  if (stream == nullptr) {
    k.weighted_sums(rows, s.heads, s.channels, alpha, z, out);
    return;
  }
  PoolArray<std::uint16_t> lanes(count);
  PoolArray<T> weight(count);
  stream->lanes(static_cast<std::uint64_t>(rows.first_edge() * s.heads), lanes.span());
  k.drop(count, lanes.data(), rate.threshold, static_cast<T>(rate.scale), alpha, weight.data());
  k.weighted_sums(rows, s.heads, s.channels, weight.data(), z, out);
}

// Fills saved.alpha where `keep`, else works in scratch.
Tensor forward(Saved& saved, bool keep, const ops::DropoutRate& rate,
               const core::RandomStream* stream, const Tensor& z, Tensor* alpha_out) {
  const Sizes& s = saved.sizes;
  const graph::CsrView in = saved.graph.in_edges();
  Tensor out = Tensor::empty(z.shape(), z.dtype());
  dispatch(z.dtype(), [&]<class T>() {
    T* all = nullptr;
    if (keep) {
      saved.alpha = Tensor::empty({saved.graph.num_edges(), s.heads}, z.dtype());
      all = saved.alpha.mutable_data<T>().data();
    }
    T* report = nullptr;
    if (alpha_out != nullptr) {
      *alpha_out = Tensor::empty({saved.graph.num_edges(), s.heads}, z.dtype());
      report = alpha_out->mutable_data<T>().data();
    }
    const T* features = z.data<T>().data();
    T* to = out.mutable_data<T>().data();
    parallel_row_blocks(
        in.row_ptr, entries_a_block(s.width()), [&](std::int64_t begin, std::int64_t end) {
          const Rows rows = block_of(in, begin, end);
          const std::int64_t first = rows.first_edge() * s.heads;
          PoolArray<T> scratch(keep ? 0 : rows.num_edges() * s.heads);
          attend<T>(saved, rows, rate, stream, features, keep ? all + first : scratch.data(),
                    report != nullptr ? report + first : nullptr, to);
        });
  });
  return out;
}

struct LogitGradients {
  Tensor edges;  // [edges, heads]
  Tensor dst;    // summed over the in-edges of a node, [nodes, heads]
  Tensor src;    // summed over its out-edges, [nodes, heads]
};

// First half of the backward pass: walks the in-edges.
LogitGradients logit_gradients(const Saved& saved, const Tensor& z, const Tensor& grad_output) {
  const Sizes& s = saved.sizes;
  const graph::CsrView in = saved.graph.in_edges();
  LogitGradients grads{Tensor::empty(saved.alpha.shape(), z.dtype()),
                       Tensor::empty({s.nodes, s.heads}, z.dtype()),
                       Tensor::empty({s.nodes, s.heads}, z.dtype())};
  dispatch(z.dtype(), [&]<class T>() {
    const Kernels<T>& k = kernels<T>();
    const T* alpha = saved.alpha.data<T>().data();
    const T* dst_part = saved.dst_part.data<T>().data();
    const T* src_part = saved.src_part.data<T>().data();
    const T* features = z.data<T>().data();
    const T* grad_out = grad_output.data<T>().data();
    T* edges = grads.edges.mutable_data<T>().data();
    T* dst = grads.dst.mutable_data<T>().data();
    parallel_row_blocks(
        in.row_ptr, entries_a_block(s.width()), [&](std::int64_t begin, std::int64_t end) {
          const Rows rows = block_of(in, begin, end);
          const std::int64_t first = rows.first_edge() * s.heads;
          T* g = edges + first;
          k.edge_dots(rows, s.heads, s.channels, grad_out, features, g);
          k.drop_backward(rows.num_edges() * s.heads, static_cast<T>(saved.dropout_scale),
                          alpha + first, g);
          k.row_softmax_backward(rows, s.heads, alpha + first, g);
          k.edge_logits_backward(rows, s.heads, static_cast<T>(saved.negative_slope), dst_part,
                                 src_part, g, dst);
        });
  });
  return grads;
}

// Second half: walks the out-edges. Completes grads.src.
Tensor feature_gradient(const Saved& saved, const Tensor& att_dst, const Tensor& att_src,
                        const Tensor& grad_output, LogitGradients& grads) {
  const Sizes& s = saved.sizes;
  const graph::CsrView out_edges = saved.graph.out_edges();
  Tensor grad_z = Tensor::empty(grad_output.shape(), grad_output.dtype());
  dispatch(grad_z.dtype(), [&]<class T>() {
    const Kernels<T>& k = kernels<T>();
    const T* alpha = saved.alpha.data<T>().data();
    const T* edges = grads.edges.data<T>().data();
    const T* dst = grads.dst.data<T>().data();
    const T* grad_out = grad_output.data<T>().data();
    T* src = grads.src.mutable_data<T>().data();
    T* to = grad_z.mutable_data<T>().data();
    parallel_row_blocks(
        out_edges.row_ptr, entries_a_block(s.width()), [&](std::int64_t begin, std::int64_t end) {
          const Rows rows = block_of(out_edges, begin, end);
          PoolArray<T> weight(rows.num_edges() * s.heads);
          k.gather_transposed(rows, saved.graph.out_to_in().data(), s.heads,
                              static_cast<T>(saved.dropout_scale), alpha, edges, weight.data(),
                              src);
          k.weighted_sums(rows, s.heads, s.channels, weight.data(), grad_out, to);
          k.add_outer_products(begin, end, s.heads, s.channels, src, att_src.data<T>().data(), to);
          k.add_outer_products(begin, end, s.heads, s.channels, dst, att_dst.data<T>().data(), to);
        });
  });
  return grad_z;
}

Tensor attention_vector_gradient(const Sizes& s, const Tensor& part, const Tensor& z) {
  return dispatch(z.dtype(), [&]<class T>() {
    const T* a = part.data<T>().data();
    const T* x = z.data<T>().data();
    const std::int64_t grain = std::max<std::int64_t>(64, 65536 / (s.width() + 8));
    return core::parallel_reduce_rows<T>(
               s.nodes, grain, s.width(),
               [&](std::int64_t begin, std::int64_t end, std::span<T> sum) {
                 kernels<T>().add_weighted_rows(begin, end, s.heads, s.channels, a, x, sum.data());
               })
        .reshape({s.heads, s.channels});
  });
}

}  // namespace

Variable gat_attention(const graph::Graph& graph, const Variable& z, const Variable& att_dst,
                       const Variable& att_src, const GatAttentionOptions& options,
                       const core::RandomStream* dropout_stream, core::Tensor* alpha) {
  const Sizes sizes = check(graph, z, att_dst, att_src);
  const ops::DropoutRate rate = ops::DropoutRate::of(options.dropout, "gat_attention: dropout");
  const core::RandomStream* stream = rate.active() ? dropout_stream : nullptr;
  Saved saved{graph,
              sizes,
              options.negative_slope,
              stream != nullptr ? rate.scale : 1,
              node_part(sizes, z.value(), att_dst.value()),
              node_part(sizes, z.value(), att_src.value()),
              Tensor()};
  const bool keep = autograd::should_record({z, att_dst, att_src});
  Tensor out = forward(saved, keep, rate, stream, z.value(), alpha);
  return autograd::record("gat_attention", std::move(out), {z, att_dst, att_src},
                          [saved = std::move(saved), z = z.value(), att_dst = att_dst.value(),
                           att_src = att_src.value()](Node& node, const Tensor& grad_output) {
                            LogitGradients grads = logit_gradients(saved, z, grad_output);
                            node.add_grad(
                                0, feature_gradient(saved, att_dst, att_src, grad_output, grads));
                            node.add_grad(1, attention_vector_gradient(saved.sizes, grads.dst, z));
                            node.add_grad(2, attention_vector_gradient(saved.sizes, grads.src, z));
                          });
}

}  // namespace attune::sparse
