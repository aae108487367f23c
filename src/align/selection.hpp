#pragma once

#include <cstdint>

#include "align/pool_vector.hpp"
#include <attune/align/clouds.hpp>

namespace attune::align {

/// Positions of one side that take part, sample by sample.
struct Rows {
  PoolVector<std::int32_t> index;   ///< ascending within a sample
  PoolVector<std::int64_t> starts;  ///< [samples + 1]

  [[nodiscard]] std::int64_t count(std::int64_t sample) const {
    return starts[sample + 1] - starts[sample];
  }
};

struct Selection {
  Rows queries;
  Rows keys;

  [[nodiscard]] std::int64_t num_samples() const {
    return static_cast<std::int64_t>(queries.starts.size()) - 1;
  }
};

/// Checks shapes, element types, masks and segments of `clouds`.
/// @throws ShapeError       sizes that do not fit one another
/// @throws InvalidArgument  no heads or channels; segments that do not ascend from 0 to the end
void check_clouds(const Clouds& clouds, const char* who);

/// The valid positions of checked clouds.
[[nodiscard]] Selection select(const Clouds& clouds);

/// @throws InvalidArgument  a selected query or key is not finite; the message names the first
void require_finite(const Clouds& clouds, const Selection& selection, const char* who);

}  // namespace attune::align
