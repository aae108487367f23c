#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>

#include "sparse/kernels.hpp"
#include "sparse/row_parts.hpp"

/// Edges a few at a time, for what has as many numbers an edge as a node: a tile of it stays in the
/// cache, and the whole is never there.
namespace attune::sparse {

inline constexpr std::int64_t kMostTileEdges = 128;

/// Consecutive edges of a part.
struct EdgeTile {
  std::int64_t first;  ///< of the edges of the graph
  std::int64_t count;
  Rows apart;  ///< a row an edge, whose column is the node that owns the row it is in
  /// The rows that they are in; column k is edge first + k.
  Rows together;
  std::int64_t row;  ///< the first of these among the rows of the part
};

/// Edges of `width` numbers that a tile has at most.
[[nodiscard]] inline std::int64_t tile_edges(std::int64_t width) {
  return std::clamp<std::int64_t>(8192 / std::max<std::int64_t>(width, 1), 16, kMostTileEdges);
}

/// f(tile) for the edges of a part, in their order.
template <class F>
void for_edge_tiles(const RowPart& part, std::int64_t width, const F& f) {
  const std::int64_t most = tile_edges(width);
  std::array<std::int64_t, kMostTileEdges + 1> one_each;
  std::array<std::int32_t, kMostTileEdges> places;
  std::array<std::int32_t, kMostTileEdges> owners;
  std::array<std::int64_t, kMostTileEdges + 1> row_ptr;
  std::iota(one_each.begin(), one_each.end(), std::int64_t{0});
  std::iota(places.begin(), places.end(), std::int32_t{0});
  row_ptr[0] = 0;
  const std::int64_t* ends = part.rows.row_ptr + 1;
  const std::int64_t last = part.rows.row_ptr[part.rows.end];
  std::int64_t row = part.rows.begin;
  for (std::int64_t e = part.rows.first_edge(); e < last;) {
    while (ends[row] == e) {
      ++row;
    }
    const std::int64_t first = e;
    const std::int64_t first_row = row;
    std::int64_t rows = 0;
    while (e < last && e - first < most && rows < most) {
      const std::int64_t end = std::min(ends[row], first + most);
      std::fill(owners.begin() + (e - first), owners.begin() + (end - first),
                static_cast<std::int32_t>(part.node + row));
      e = end;
      row_ptr[++rows] = e - first;
      row += e == ends[row] ? 1 : 0;
    }
    f(EdgeTile{first,
               e - first,
               {one_each.data(), owners.data(), 0, e - first},
               {row_ptr.data(), places.data(), 0, rows},
               first_row});
  }
}

}  // namespace attune::sparse
