#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <attune/autograd/variable.hpp>

namespace attune::align {

/// The queries and the keys of the heads of one attention layer: for every sample and head two
/// clouds of points whose distributions are compared. Each point of a cloud weighs the same.
struct Clouds {
  Variable queries;  ///< [num_queries, heads, channels]
  Variable keys;     ///< [num_keys, heads, channels]

  /// Where set, the queries are the first rows of a tensor that may have more.
  std::optional<std::int64_t> num_queries = std::nullopt;

  /// Vectors to multiply the points of each head with, elementwise; undefined: ones. Products are
  /// formed of those positions alone that take part.
  Variable query_scale = {};  ///< [heads, channels]
  Variable key_scale = {};    ///< [heads, channels]

  /// Positions that take part, one byte each, 0 for padding; empty: all do. What stands at a masked
  /// position has no effect, NaN included, and its gradient is exactly zero.
  std::span<const std::uint8_t> query_mask = {};  ///< [num_queries]
  std::span<const std::uint8_t> key_mask = {};    ///< [num_keys]

  /// The same as a list, ascending, at a cost that does not grow with the positions left out;
  /// empty: as the mask says.
  std::span<const std::int32_t> query_positions = {};
  std::span<const std::int32_t> key_positions = {};  ///< the same of the keys

  /// Sample s owns the positions [segments[s], segments[s + 1]); empty: all are one sample.
  std::span<const std::int64_t> query_segments =
      {};  ///< [samples + 1], ascending from 0 to num_queries
  std::span<const std::int64_t> key_segments = {};  ///< [samples + 1], ascending from 0 to num_keys
};

}  // namespace attune::align
