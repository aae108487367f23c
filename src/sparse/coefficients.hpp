#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>

#include "sparse/kernels.hpp"
#include "sparse/row_parts.hpp"
#include <attune/core/pool_array.hpp>
#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>
#include <attune/graph/graph.hpp>
#include <attune/ops/dropout.hpp>

/// Attention coefficients over the in-edges: softmax of logits of any kind, and their dropout.
namespace attune::sparse {

struct AttentionSizes {
  std::int64_t num_dst;
  std::int64_t num_src;
  std::int64_t heads;
  std::int64_t channels;

  [[nodiscard]] std::int64_t width() const { return heads * channels; }
  [[nodiscard]] core::Shape dst_shape() const { return {num_dst, heads, channels}; }
};

inline std::int64_t edge_grain(const AttentionSizes& sizes) {
  return entries_a_block(sizes.width());
}

/// Whether the forward pass leaves the coefficients to the backward pass, which else makes them
/// again: not where they are a small part of a large layer's memory, which one more array over the
/// nodes already fills.
inline bool keeps_coefficients(const graph::Graph& graph, const AttentionSizes& sizes) {
  constexpr std::int64_t kLarge = std::int64_t{1} << 22;
  const std::int64_t of_nodes = sizes.num_src * sizes.width();
  return of_nodes < kLarge || of_nodes <= 4 * graph.num_edges() * sizes.heads;
}

/// Dropout of the coefficients, off where there is no stream or nothing to drop.
class CoefficientDropout {
 public:
  CoefficientDropout(double p, const core::RandomStream* stream, const char* who)
      : rate_(ops::DropoutRate::of(p, who)) {
    if (rate_.active() && stream != nullptr) {
      stream_ = *stream;
    }
  }

  [[nodiscard]] bool active() const { return stream_.has_value(); }
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
  std::optional<core::RandomStream> stream_;
};

/// Coefficients before dropout, for parts of rows.
/// @tparam Logits  logits(part, to) writes the logits of the edges of a part
template <std::floating_point T, class Logits>
struct CoefficientPass {
  AttentionSizes sizes;
  const Logits& logits;

  void whole_rows(const RowPart& part, T* alpha) const {
    logits(part, alpha);
    kernels<T>().row_softmax(part.rows, sizes.heads, alpha);
  }

  /// A row in pieces: each takes the softmax over its own edges, then learns its share of the
  /// row's. then(piece, part, alpha) follows where those of a piece are complete.
  /// @param all  of the row
  template <class Then>
  void hub(const Hub& pieces, T* all, const Then& then) const {
    const Kernels<T>& k = kernels<T>();
    const auto alpha_of = [&](std::int64_t piece) {
      return all + piece * kPieceEdges * sizes.heads;
    };
    core::PoolArray<T> maxima(pieces.num_pieces() * sizes.heads);
    core::PoolArray<T> factors(pieces.num_pieces() * sizes.heads);
    pieces.for_pieces([&](std::int64_t piece, const RowPart& part) {
      logits(part, alpha_of(piece));
      k.row_exponentials(part.rows, sizes.heads, alpha_of(piece),
                         maxima.data() + piece * sizes.heads, factors.data() + piece * sizes.heads);
    });
    sums_to_factors(pieces.num_pieces(), maxima.data(), factors.data());
    pieces.for_pieces([&](std::int64_t piece, const RowPart& part) {
      k.scale_rows(part.rows, sizes.heads, factors.data() + piece * sizes.heads, alpha_of(piece));
      then(piece, part, alpha_of(piece));
    });
  }

 private:
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

/// The coefficients as a backward pass looks at them, [edges, heads], minus where dropped: kept by
/// the forward pass, or made again part by part.
template <std::floating_point T, class Logits>
class Coefficients {
 public:
  /// @param kept  undefined: make them again
  Coefficients(const graph::Graph& graph, const AttentionSizes& sizes,
               const CoefficientDropout& dropout, const core::Tensor& kept, const Logits& logits)
      : pass_{sizes, logits},
        dropout_(dropout),
        made_again_(!kept.defined()),
        all_(made_again_ ? core::Tensor::empty({graph.num_edges(), sizes.heads}, core::kDTypeOf<T>)
                         : kept),
        data_(all_.template mutable_data<T>().data()) {}

  /// All of them, once every part and hub was asked for.
  [[nodiscard]] const core::Tensor& tensor() const { return all_; }

  [[nodiscard]] const T* of(const Rows& rows) const { return place(rows); }

  /// To be called before of() those of a part that is no piece.
  void prepare(const RowPart& part) const {
    if (made_again_) {
      pass_.whole_rows(part, place(part.rows));
      mark_dropped(part.rows);
    }
  }

  /// To be called before of() those of pieces of a hub.
  void prepare(const Hub& hub) const {
    if (made_again_) {
      pass_.hub(hub, data_ + hub.first_edge() * pass_.sizes.heads,
                [&](std::int64_t, const RowPart& part, T*) { mark_dropped(part.rows); });
    }
  }

 private:
  [[nodiscard]] T* place(const Rows& rows) const {
    return data_ + rows.first_edge() * pass_.sizes.heads;
  }

  void mark_dropped(const Rows& rows) const {
    if (dropout_.active()) {
      const std::int64_t count = rows.num_edges() * pass_.sizes.heads;
      core::PoolArray<T> weight(count);
      dropout_.apply(rows.first_edge() * pass_.sizes.heads, count, place(rows), weight.data());
    }
  }

  CoefficientPass<T, Logits> pass_;
  const CoefficientDropout& dropout_;
  bool made_again_;
  core::Tensor all_;
  T* data_;
};

}  // namespace attune::sparse
