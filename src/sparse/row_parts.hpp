#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "sparse/kernels.hpp"
#include "sparse/row_blocks.hpp"
#include <attune/core/parallel.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/graph/graph.hpp>

/// Work over the edges in parallel, where one row may hold most of them: rows go to tasks in
/// blocks, but a row of very many edges, a hub, is cut into pieces that tasks share. The pieces and
/// the order in which their sums are added depend on the graph alone, so that the bits do not
/// depend on the threads.
namespace attune::sparse {

/// A row with more edges is a hub: at 64 numbers an edge, half a millisecond for one thread.
inline constexpr std::int64_t kHubEdges = 16384;
inline constexpr std::int64_t kPieceEdges = 4096;

/// Edges of some rows: whole rows of the graph, or a piece of one. Arrays over the nodes of the
/// rows are to be shifted by `node` rows: own + node * stride. Arrays over the nodes at the other
/// ends are used as they are.
struct RowPart {
  Rows rows;
  std::int64_t node;
  std::int64_t slot;  ///< below num_slots(); parts that share one come one after another
};

/// A row in pieces.
class Hub {
 public:
  /// @param first_slot  of the first piece
  Hub(const graph::CsrView& edges, std::int64_t row, std::int64_t first_slot)
      : columns_(edges.col_idx.data()),
        row_(row),
        first_slot_(first_slot),
        begin_(edges.row_ptr[row]),
        end_(edges.row_ptr[row + 1]) {}

  [[nodiscard]] std::int64_t num_pieces() const {
    return (end_ - begin_ + kPieceEdges - 1) / kPieceEdges;
  }

  [[nodiscard]] std::int64_t first_edge() const { return begin_; }
  [[nodiscard]] std::int64_t num_edges() const { return end_ - begin_; }

  /// f(piece, part) for the pieces, in parallel. All but the last one have kPieceEdges edges.
  template <class F>
  void for_pieces(const F& f) const {
    core::parallel_tasks(num_pieces(), [&](std::int64_t piece) {
      const std::int64_t first = begin_ + piece * kPieceEdges;
      const std::array<std::int64_t, 2> bounds{first, std::min(first + kPieceEdges, end_)};
      f(piece, RowPart{{bounds.data(), columns_, 0, 1}, row_, first_slot_ + piece});
    });
  }

 private:
  const std::int32_t* columns_;
  std::int64_t row_;
  std::int64_t first_slot_;
  std::int64_t begin_;
  std::int64_t end_;
};

/// Rows with more than kHubEdges edges, ascending.
inline std::vector<std::int64_t> hubs_of(const graph::CsrView& edges) {
  std::vector<std::int64_t> hubs;
  if (edges.num_edges() <= kHubEdges) {
    return hubs;
  }
  std::int64_t signs = 0;  // negative with any row that is one; most graphs have none
  for (std::int64_t i = 0; i < edges.num_nodes(); ++i) {
    signs |= kHubEdges - (edges.row_ptr[i + 1] - edges.row_ptr[i]);
  }
  if (signs >= 0) {
    return hubs;
  }
  for (std::int64_t i = 0; i < edges.num_nodes(); ++i) {
    if (edges.row_ptr[i + 1] - edges.row_ptr[i] > kHubEdges) {
      hubs.push_back(i);
    }
  }
  return hubs;
}

/// whole(part) for blocks of the rows that are no hubs, in parallel, then hub(Hub, row) for each
/// hub.
/// @param grain  entries a block; see parallel_row_blocks()
template <class Whole, class OnHub>
void for_row_parts(const graph::CsrView& edges, std::int64_t grain, const Whole& whole,
                   const OnHub& on_hub) {
  const std::vector<std::int64_t> hubs = hubs_of(edges);
  parallel_row_blocks(
      edges.row_ptr, grain, [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
        const auto run = [&](std::int64_t last) {
          if (begin < last) {
            whole(RowPart{{edges.row_ptr.data(), edges.col_idx.data(), begin, last}, 0, block});
          }
        };
        for (auto hub = std::lower_bound(hubs.begin(), hubs.end(), begin);
             hub != hubs.end() && *hub < end; ++hub) {
          run(*hub);
          begin = *hub + 1;
        }
        run(end);
      });
  std::int64_t slot = num_row_blocks(edges.row_ptr, grain);
  for (const std::int64_t row : hubs) {
    const Hub hub(edges, row, slot);
    slot += hub.num_pieces();
    on_hub(hub, row);
  }
}

/// Slots of the parts that for_row_parts() makes.
inline std::int64_t num_slots(const graph::CsrView& edges, std::int64_t grain) {
  std::int64_t slots = num_row_blocks(edges.row_ptr, grain);
  for (const std::int64_t row : hubs_of(edges)) {
    slots += Hub(edges, row, 0).num_pieces();
  }
  return slots;
}

/// Sums over the edges of each row: `width` numbers a row, in `to`.
template <class T>
struct RowSums {
  T* to;
  std::int64_t width;
  bool add = false;  ///< to what is there
};

/// Sums of the pieces of a row, until they are added.
template <class T>
class PieceSums {
 public:
  PieceSums(std::int64_t pieces, std::int64_t width)
      : sums_(pieces * width), pieces_(pieces), width_(width) {
    std::fill(sums_.data(), sums_.data() + sums_.size(), T{0});
  }

  [[nodiscard]] T* of(std::int64_t piece) { return sums_.data() + piece * width_; }

  /// Into row `row`.
  void add_up(const RowSums<T>& sums, std::int64_t row) const {
    T* to = sums.to + row * width_;
    for (std::int64_t c = 0; c < width_; ++c) {
      T total = sums.add ? to[c] : T{0};
      for (std::int64_t piece = 0; piece < pieces_; ++piece) {
        total += sums_.data()[piece * width_ + c];
      }
      to[c] = total;
    }
  }

 private:
  core::PoolArray<T> sums_;
  std::int64_t pieces_;
  std::int64_t width_;
};

/// Sums over the edges of all rows, N of them a row. sum(part, to) writes those of a part: sum n of
/// row i of part.rows to to[n][i * width], added where RowSums::add is set (a piece has zeros to
/// add to). finish(begin, end) follows where the sums of rows [begin, end) are complete.
template <class T, std::size_t N, class Sum, class Finish>
void sum_rows(const graph::CsrView& edges, std::int64_t grain,
              const std::array<RowSums<T>, N>& sums, const Sum& sum, const Finish& finish) {
  const auto whole = [&](const RowPart& part) {
    std::array<T*, N> to;
    for (std::size_t n = 0; n < N; ++n) {
      to[n] = sums[n].to;
    }
    sum(part, to);
    finish(part.rows.begin, part.rows.end);
  };
  const auto on_hub = [&](const Hub& hub, std::int64_t row) {
    std::vector<PieceSums<T>> pieces;
    for (const RowSums<T>& each : sums) {
      pieces.emplace_back(hub.num_pieces(), each.width);
    }
    hub.for_pieces([&](std::int64_t piece, const RowPart& part) {
      std::array<T*, N> to;
      for (std::size_t n = 0; n < N; ++n) {
        to[n] = pieces[n].of(piece);
      }
      sum(part, to);
    });
    for (std::size_t n = 0; n < N; ++n) {
      pieces[n].add_up(sums[n], row);
    }
    finish(row, row + 1);
  };
  for_row_parts(edges, grain, whole, on_hub);
}

}  // namespace attune::sparse
