#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <utility>

#include "sparse/kernels.hpp"
#include "sparse/row_parts.hpp"
#include <attune/autograd/variable.hpp>
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

inline std::int64_t edge_grain(const AttentionSizes& sizes) {
  return entries_a_block(sizes.width());
}

/// Where a derivative goes that has the shape of what the operation kept: over it, if it is not
/// needed again and the derivative's loop may read and write one place.
inline core::Tensor room_of(const autograd::Node& node, const core::Tensor& kept) {
  return node.last_use() && kept.unique() ? kept : core::Tensor::empty(kept.shape(), kept.dtype());
}

struct Attended {
  core::Tensor out;    ///< [num_dst, heads, channels]
  core::Tensor alpha;  ///< [edges, heads], minus where dropped; undefined unless kept
};

/// The steps of the forward pass for parts of rows.
/// @tparam Logits  logits(part, to) writes the logits of the edges of a part
template <std::floating_point T, class Logits>
struct ForwardPass {
  AttentionSizes sizes;
  const CoefficientDropout& dropout;
  const Logits& logits;
  const T* values;
  T* kept;      // [edges, heads], or null
  T* reported;  // the same

  std::int64_t first(const Rows& rows) const { return rows.first_edge() * sizes.heads; }
  std::int64_t count(const Rows& rows) const { return rows.num_edges() * sizes.heads; }

  // From the coefficients before dropout to the sums, rows.begin's at out + rows.begin * width.
  void aggregate(const Rows& rows, T* alpha, T* out) const {
    const Kernels<T>& k = kernels<T>();
    if (reported != nullptr) {
      std::copy(alpha, alpha + count(rows), reported + first(rows));
    }
    if (!dropout.active()) {
      k.weighted_sums(rows, sizes.heads, sizes.channels, alpha, values, out);
      return;
    }
    core::PoolArray<T> weight(count(rows));
    dropout.apply(first(rows), count(rows), alpha, weight.data());
    k.weighted_sums(rows, sizes.heads, sizes.channels, weight.data(), values, out);
  }

  void whole_rows(const RowPart& part, T* out) const {
    const Rows& rows = part.rows;
    core::PoolArray<T> scratch(kept != nullptr ? 0 : count(rows));
    T* alpha = kept != nullptr ? kept + first(rows) : scratch.data();
    logits(part, alpha);
    kernels<T>().row_softmax(rows, sizes.heads, alpha);
    aggregate(rows, alpha, out);
  }

  // A row in pieces: each takes the softmax over its own edges, then learns its share of the row's.
  void hub(const graph::CsrView& edges, const Hub& pieces, std::int64_t row, T* out) const {
    const Kernels<T>& k = kernels<T>();
    const Rows whole{edges.row_ptr.data(), edges.col_idx.data(), row, row + 1};
    core::PoolArray<T> scratch(kept != nullptr ? 0 : count(whole));
    T* const all = kept != nullptr ? kept + first(whole) : scratch.data();
    const auto alpha_of = [&](const Rows& rows) { return all + (first(rows) - first(whole)); };
    core::PoolArray<T> maxima(pieces.num_pieces() * sizes.heads);
    core::PoolArray<T> factors(pieces.num_pieces() * sizes.heads);
    pieces.for_pieces([&](std::int64_t piece, const RowPart& part) {
      T* alpha = alpha_of(part.rows);
      logits(part, alpha);
      k.row_exponentials(part.rows, sizes.heads, alpha, maxima.data() + piece * sizes.heads,
                         factors.data() + piece * sizes.heads);
    });
    sums_to_factors(pieces.num_pieces(), maxima.data(), factors.data());
    PieceSums<T> sums(pieces.num_pieces(), sizes.width());
    pieces.for_pieces([&](std::int64_t piece, const RowPart& part) {
      T* alpha = alpha_of(part.rows);
      k.scale_rows(part.rows, sizes.heads, factors.data() + piece * sizes.heads, alpha);
      aggregate(part.rows, alpha, sums.of(piece));
    });
    sums.add_up({out, sizes.width()}, row);
  }

  // From sums[p] of exponentials over that of maxima[p] to exp(maxima[p] - most) / the whole sum.
  void sums_to_factors(std::int64_t pieces, const T* maxima, T* sums) const {
    for (std::int64_t h = 0; h < sizes.heads; ++h) {
      T most = maxima[h];
      for (std::int64_t p = 1; p < pieces; ++p) {
        most = std::max(most, maxima[p * sizes.heads + h]);
      }
      T total = 0;
      for (std::int64_t p = 0; p < pieces; ++p) {
        total += sums[p * sizes.heads + h] * std::exp(maxima[p * sizes.heads + h] - most);
      }
      for (std::int64_t p = 0; p < pieces; ++p) {
        sums[p * sizes.heads + h] = std::exp(maxima[p * sizes.heads + h] - most) / total;
      }
    }
  }
};

/// The forward pass. logits(part, to) writes the logits of the edges of a part.
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
  T* out = result.out.template mutable_data<T>().data();
  const ForwardPass<T, Logits> pass{sizes, dropout, logits, values.data<T>().data(),
                                    kept,  reported};
  const graph::CsrView edges = graph.in_edges();
  for_row_parts(
      edges, edge_grain(sizes), [&](const RowPart& part) { pass.whole_rows(part, out); },
      [&](const Hub& hub, std::int64_t row) { pass.hub(edges, hub, row, out); });
  return result;
}

/// The backward pass up to the logits: their gradient, [edges, heads], and sums of it over the
/// rows. finish(part, grad, to) may change the gradient of a part and writes its sums as in
/// sum_rows().
template <std::floating_point T, class Finish>
core::Tensor logit_gradients(const graph::Graph& graph, const AttentionSizes& sizes,
                             double dropout_scale, const core::Tensor& alpha,
                             const core::Tensor& values, const core::Tensor& grad_output,
                             const RowSums<T>& sums, const Finish& finish) {
  core::Tensor grads = core::Tensor::empty(alpha.shape(), alpha.dtype());
  const Kernels<T>& k = kernels<T>();
  const T* a = alpha.data<T>().data();
  const T* v = values.data<T>().data();
  const T* g = grad_output.data<T>().data();
  T* to = grads.mutable_data<T>().data();
  const auto of_coefficients = [&](const RowPart& part) {
    const std::int64_t first = part.rows.first_edge() * sizes.heads;
    k.edge_dots(part.rows, sizes.heads, sizes.channels, g + part.node * sizes.width(), v,
                to + first);
    k.drop_backward(part.rows.num_edges() * sizes.heads, static_cast<T>(dropout_scale), a + first,
                    to + first);
  };
  const auto whole = [&](const RowPart& part) {
    const std::int64_t first = part.rows.first_edge() * sizes.heads;
    of_coefficients(part);
    k.row_softmax_backward(part.rows, sizes.heads, a + first, to + first);
    finish(part, to + first, sums.to);
  };
  const auto on_hub = [&](const Hub& hub, std::int64_t row) {
    core::PoolArray<T> mean(sizes.heads);
    PieceSums<T> dots(hub.num_pieces(), sizes.heads);
    hub.for_pieces([&](std::int64_t piece, const RowPart& part) {
      const std::int64_t first = part.rows.first_edge() * sizes.heads;
      of_coefficients(part);
      k.row_dots(part.rows, sizes.heads, a + first, to + first, dots.of(piece));
    });
    dots.add_up({mean.data(), sizes.heads}, 0);
    PieceSums<T> pieces(hub.num_pieces(), sums.width);
    hub.for_pieces([&](std::int64_t piece, const RowPart& part) {
      const std::int64_t first = part.rows.first_edge() * sizes.heads;
      k.centre_rows(part.rows, sizes.heads, a + first, mean.data(), to + first);
      finish(part, to + first, pieces.of(piece));
    });
    pieces.add_up(sums, row);
  };
  for_row_parts(graph.in_edges(), edge_grain(sizes), whole, on_hub);
  return grads;
}

}  // namespace attune::sparse
