#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <utility>

#include "sparse/coefficients.hpp"
#include "sparse/kernels.hpp"
#include "sparse/row_parts.hpp"
#include <attune/core/pool_array.hpp>
#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>
#include <attune/graph/graph.hpp>

/// What every attention over edges has in common, whatever its logits are: softmax over the
/// in-edges, dropout of the coefficients, the weighted sum of values, and the way back.
namespace attune::sparse {

/// Where a derivative goes that has the shape of what the operation kept: over it, if it is not
/// needed again and the derivative's loop may read and write one place.
inline core::Tensor room_of(bool last_use, const core::Tensor& kept) {
  return last_use && kept.unique() ? kept : core::Tensor::empty(kept.shape(), kept.dtype());
}

struct Attended {
  core::Tensor out;    ///< [num_dst, heads, channels]
  core::Tensor alpha;  ///< [edges, heads], minus where dropped; undefined unless kept
};

/// What an attention adds that looks at nodes alone.
struct NothingMore {
  template <class... From>
  void operator()(const From&...) const {}
};

/// The steps of the forward pass for parts of rows.
template <std::floating_point T, class Logits, class More>
struct ForwardPass {
  CoefficientPass<T, Logits> coefficients;
  const CoefficientDropout& dropout;
  const T* values;
  T* kept;      // [edges, heads], or null
  T* reported;  // the same
  const More& more;

  [[nodiscard]] const AttentionSizes& sizes() const { return coefficients.sizes; }
  [[nodiscard]] std::int64_t first(const Rows& rows) const {
    return rows.first_edge() * sizes().heads;
  }
  [[nodiscard]] std::int64_t count(const Rows& rows) const {
    return rows.num_edges() * sizes().heads;
  }

  // From the coefficients before dropout to the sums, rows.begin's at out + rows.begin * width.
  void aggregate(const Rows& rows, T* alpha, T* out) const {
    const Kernels<T>& k = kernels<T>();
    if (reported != nullptr) {
      std::copy(alpha, alpha + count(rows), reported + first(rows));
    }
    if (!dropout.active()) {
      k.weighted_sums(rows, sizes().heads, sizes().channels, alpha, values, out);
      more(rows, alpha, out);
      return;
    }
    core::PoolArray<T> weight(count(rows));
    dropout.apply(first(rows), count(rows), alpha, weight.data());
    k.weighted_sums(rows, sizes().heads, sizes().channels, weight.data(), values, out);
    more(rows, weight.data(), out);
  }

  void whole_rows(const RowPart& part, T* out) const {
    core::PoolArray<T> scratch(kept != nullptr ? 0 : count(part.rows));
    T* alpha = kept != nullptr ? kept + first(part.rows) : scratch.data();
    coefficients.whole_rows(part, alpha);
    aggregate(part.rows, alpha, out);
  }

  void hub(const Hub& pieces, std::int64_t row, T* out) const {
    core::PoolArray<T> scratch(kept != nullptr ? 0 : pieces.num_edges() * sizes().heads);
    T* all = kept != nullptr ? kept + pieces.first_edge() * sizes().heads : scratch.data();
    PieceSums<T> sums(pieces.num_pieces(), sizes().width());
    coefficients.hub(pieces, all, [&](std::int64_t piece, const RowPart& part, T* alpha) {
      aggregate(part.rows, alpha, sums.of(piece));
    });
    sums.add_up({out, sizes().width()}, row);
  }
};

/// The forward pass. logits(part, to) writes the logits of the edges of a part.
/// @param keep       whether a backward pass wants the coefficients
/// @param alpha_out  if not null, receives the coefficients before dropout
/// @param more       more(rows, weight, out) adds to the sums what is no node's: weight are the
///                   coefficients after dropout of the edges of some rows
template <std::floating_point T, class Logits, class More = NothingMore>
Attended attend(const graph::Graph& graph, const AttentionSizes& sizes, bool keep,
                const CoefficientDropout& dropout, const core::Tensor& values,
                core::Tensor* alpha_out, const Logits& logits, const More& more = {}) {
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
  T* out = result.out.template mutable_data<T>().data();
  const ForwardPass<T, Logits, More> pass{{sizes, logits}, dropout, values.data<T>().data(), kept,
                                          reported,        more};
  for_row_parts(
      graph.in_edges(), edge_grain(sizes), [&](const RowPart& part) { pass.whole_rows(part, out); },
      [&](const Hub& hub, std::int64_t row) { pass.hub(hub, row, out); });
  return result;
}

/// The backward pass up to the logits: their gradient, [edges, heads], and sums of it over the
/// rows. finish(part, grad, to) may change the gradient of a part and writes its sums as in
/// sum_rows(). more(part, to) adds to the products of grad_output and values what is no node's.
template <std::floating_point T, class Logits, class Finish, class More = NothingMore>
core::Tensor logit_gradients(const graph::Graph& graph, const AttentionSizes& sizes,
                             double dropout_scale, const Coefficients<T, Logits>& alpha,
                             const core::Tensor& values, const core::Tensor& grad_output,
                             const RowSums<T>& sums, const Finish& finish, const More& more = {}) {
  core::Tensor grads = core::Tensor::empty({graph.num_edges(), sizes.heads}, grad_output.dtype());
  const Kernels<T>& k = kernels<T>();
  const T* v = values.data<T>().data();
  const T* g = grad_output.data<T>().data();
  T* to = grads.mutable_data<T>().data();
  const auto of_coefficients = [&](const RowPart& part) {
    const std::int64_t first = part.rows.first_edge() * sizes.heads;
    k.edge_dots(part.rows, sizes.heads, sizes.channels, g + part.node * sizes.width(), v,
                to + first);
    more(part, to + first);
    k.drop_backward(part.rows.num_edges() * sizes.heads, static_cast<T>(dropout_scale),
                    alpha.of(part.rows), to + first);
  };
  const auto whole = [&](const RowPart& part) {
    const std::int64_t first = part.rows.first_edge() * sizes.heads;
    alpha.prepare(part);
    of_coefficients(part);
    k.row_softmax_backward(part.rows, sizes.heads, alpha.of(part.rows), to + first);
    finish(part, to + first, sums.to);
  };
  const auto on_hub = [&](const Hub& hub, std::int64_t row) {
    alpha.prepare(hub);
    core::PoolArray<T> mean(sizes.heads);
    PieceSums<T> dots(hub.num_pieces(), sizes.heads);
    hub.for_pieces([&](std::int64_t piece, const RowPart& part) {
      const std::int64_t first = part.rows.first_edge() * sizes.heads;
      of_coefficients(part);
      k.row_dots(part.rows, sizes.heads, alpha.of(part.rows), to + first, dots.of(piece));
    });
    dots.add_up({mean.data(), sizes.heads}, 0);
    PieceSums<T> pieces(hub.num_pieces(), sums.width);
    hub.for_pieces([&](std::int64_t piece, const RowPart& part) {
      const std::int64_t first = part.rows.first_edge() * sizes.heads;
      k.centre_rows(part.rows, sizes.heads, alpha.of(part.rows), mean.data(), to + first);
      finish(part, to + first, pieces.of(piece));
    });
    pieces.add_up(sums, row);
  };
  for_row_parts(graph.in_edges(), edge_grain(sizes), whole, on_hub);
  return grads;
}

}  // namespace attune::sparse
