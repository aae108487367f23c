#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "sparse/kernels.hpp"
#include "sparse/row_blocks.hpp"
#include <attune/core/pool_array.hpp>
#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>
#include <attune/graph/graph.hpp>
#include <attune/ops/dropout.hpp>

/// What every attention over edges has in common, whatever its logits are: softmax over the
/// in-edges, dropout of the coefficients, the weighted sum of values, and the way back.
namespace attune::sparse {

struct AttentionSizes {
  std::int64_t num_dst;
  std::int64_t num_src;
  std::int64_t heads;
  std::int64_t channels;

  [[nodiscard]] std::int64_t width() const { return heads * channels; }
  [[nodiscard]] core::Shape dst_shape() const { return {num_dst, heads, channels}; }
};

/// Dropout of the coefficients, off where there is no stream or nothing to drop.
class CoefficientDropout {
 public:
  CoefficientDropout(double p, const core::RandomStream* stream, const char* who)
      : rate_(ops::DropoutRate::of(p, who)), stream_(rate_.active() ? stream : nullptr) {}

  [[nodiscard]] bool active() const { return stream_ != nullptr; }
  [[nodiscard]] double scale() const { return active() ? rate_.scale : 1; }

  /// Marks the dropped ones of coefficients first, first + 1, ... by a minus sign.
  template <std::floating_point T>
  void apply(std::int64_t first, std::int64_t count, T* alpha, T* weight) const {
    core::PoolArray<std::uint16_t> lanes(count);
    stream_->lanes(static_cast<std::uint64_t>(first), lanes.span());
    kernels<T>().drop(count, lanes.data(), rate_.threshold, static_cast<T>(rate_.scale), alpha,
                      weight);
  }

 private:
  ops::DropoutRate rate_;
  const core::RandomStream* stream_;
};

inline Rows rows_of(const graph::CsrView& edges, std::int64_t begin, std::int64_t end) {
  return {edges.row_ptr.data(), edges.col_idx.data(), begin, end};
}

/// f(rows) for blocks of rows, in parallel.
template <class F>
void for_row_blocks(const graph::CsrView& edges, const AttentionSizes& sizes, const F& f) {
  parallel_row_blocks(edges.row_ptr, entries_a_block(sizes.width()),
                      [&](std::int64_t begin, std::int64_t end) { f(rows_of(edges, begin, end)); });
}

struct Attended {
  core::Tensor out;    ///< [num_dst, heads, channels]
  core::Tensor alpha;  ///< [edges, heads], minus where dropped; undefined unless kept
};

/// The forward pass. logits(rows, to) writes the logits of the edges of a block.
/// @param keep       whether a backward pass will come
/// @param alpha_out  if not null, receives the coefficients before dropout
template <std::floating_point T, class Logits>
Attended attend(const graph::Graph& graph, const AttentionSizes& sizes, bool keep,
                const CoefficientDropout& dropout, const core::Tensor& values,
                core::Tensor* alpha_out, const Logits& logits) {
  const core::Shape per_edge{graph.num_edges(), sizes.heads};
  Attended result{core::Tensor::empty(sizes.dst_shape(), values.dtype()), core::Tensor()};
  T* kept = nullptr;
  if (keep) {
    result.alpha = core::Tensor::empty(per_edge, values.dtype());
    kept = result.alpha.mutable_data<T>().data();
  }
  T* reported = nullptr;
  if (alpha_out != nullptr) {
    *alpha_out = core::Tensor::empty(per_edge, values.dtype());
    reported = alpha_out->mutable_data<T>().data();
  }
  const T* v = values.data<T>().data();
  T* out = result.out.template mutable_data<T>().data();
  for_row_blocks(graph.in_edges(), sizes, [&](const Rows& rows) {
    const Kernels<T>& k = kernels<T>();
    const std::int64_t first = rows.first_edge() * sizes.heads;
    const std::int64_t count = rows.num_edges() * sizes.heads;
    core::PoolArray<T> scratch(keep ? 0 : count);
    T* alpha = keep ? kept + first : scratch.data();
    logits(rows, alpha);
    k.row_softmax(rows, sizes.heads, alpha);
    if (reported != nullptr) {
      std::copy(alpha, alpha + count, reported + first);
    }
    if (!dropout.active()) {
      k.weighted_sums(rows, sizes.heads, sizes.channels, alpha, v, out);
      return;
    }
    core::PoolArray<T> weight(count);
    dropout.apply(first, count, alpha, weight.data());
    k.weighted_sums(rows, sizes.heads, sizes.channels, weight.data(), v, out);
  });
  return result;
}

/// The backward pass up to the logits: their gradient, [edges, heads]. finish(rows, grad) may use
/// and change the part of a block.
template <std::floating_point T, class Finish>
core::Tensor logit_gradients(const graph::Graph& graph, const AttentionSizes& sizes,
                             double dropout_scale, const core::Tensor& alpha,
                             const core::Tensor& values, const core::Tensor& grad_output,
                             const Finish& finish) {
  core::Tensor grads = core::Tensor::empty(alpha.shape(), alpha.dtype());
  const T* a = alpha.data<T>().data();
  const T* v = values.data<T>().data();
  const T* g = grad_output.data<T>().data();
  T* to = grads.mutable_data<T>().data();
  for_row_blocks(graph.in_edges(), sizes, [&](const Rows& rows) {
    const Kernels<T>& k = kernels<T>();
    const std::int64_t first = rows.first_edge() * sizes.heads;
    k.edge_dots(rows, sizes.heads, sizes.channels, g, v, to + first);
    k.drop_backward(rows.num_edges() * sizes.heads, static_cast<T>(dropout_scale), a + first,
                    to + first);
    k.row_softmax_backward(rows, sizes.heads, a + first, to + first);
    finish(rows, to + first);
  });
  return grads;
}

}  // namespace attune::sparse
