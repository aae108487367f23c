#pragma once

#include <cstdint>

namespace attune::align {

/// Points of each side that a tile compares. Two tiles of float32 fill half of a first-level cache
/// of 64 KiB; a partial sum has at most this many terms.
inline constexpr std::int64_t kTile = 64;

/// An exponent that exp makes vanish. Not infinite, which would turn sums into NaN.
inline constexpr double kVanishes = -1e37;

[[nodiscard]] constexpr std::int64_t round_up(std::int64_t n, std::int64_t unit) noexcept {
  return (n + unit - 1) / unit * unit;
}

[[nodiscard]] constexpr std::int64_t num_tiles(std::int64_t points) noexcept {
  return (points + kTile - 1) / kTile;
}

/// Parts that the row tiles of one problem are dealt out to. Each walks every column and keeps
/// column sums of its own, which are then added in their order: a function of the size alone, so
/// that neither the bits nor the memory depend on the number of threads. Two tiles a part at least,
/// or the sums of small problems, of which there are many, would cost more than they spread.
[[nodiscard]] constexpr std::int64_t num_parts(std::int64_t points) noexcept {
  constexpr std::int64_t kMost = 16;
  const std::int64_t pairs = (num_tiles(points) + 1) / 2;
  return pairs < kMost ? pairs : kMost;
}

/// Channels of a point stored as a row: whole vectors of eight.
[[nodiscard]] constexpr std::int64_t row_width(std::int64_t channels) noexcept {
  return round_up(channels, 8);
}

}  // namespace attune::align
