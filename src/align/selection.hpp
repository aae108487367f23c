#pragma once

#include <cstdint>

#include "align/pool_vector.hpp"
#include <attune/align/clouds.hpp>

namespace attune::align {

/// Positions of one side that take part, sample by sample.
struct Rows {
  PoolVector<std::int32_t> index;   ///< ascending; empty where all positions take part
  PoolVector<std::int64_t> starts;  ///< [samples + 1]

  [[nodiscard]] std::int64_t total() const { return starts.back(); }
  [[nodiscard]] std::int64_t count(std::int64_t sample) const {
    return starts[sample + 1] - starts[sample];
  }
  /// Of selected row i.
  [[nodiscard]] std::int64_t position(std::int64_t i) const { return index.empty() ? i : index[i]; }

  friend bool operator==(const Rows&, const Rows&) = default;
};

struct Selection {
  Rows queries;
  Rows keys;

  [[nodiscard]] std::int64_t num_samples() const {
    return static_cast<std::int64_t>(queries.starts.size()) - 1;
  }
};

/// Rows of clouds.queries that are queries.
[[nodiscard]] std::int64_t num_queries(const Clouds& clouds);

/// Checks shapes, element types, masks, positions and segments of `clouds`.
/// @throws ShapeError       sizes that do not fit one another
/// @throws InvalidArgument  no heads or channels; segments that do not ascend from 0 to the end;
///                          positions that do not ascend, are not there, or meet a mask
void check_clouds(const Clouds& clouds, const char* who);

/// The positions of checked clouds that take part.
[[nodiscard]] Selection select(const Clouds& clouds);

}  // namespace attune::align
