#include <algorithm>
#include <span>

#include "align/selection.hpp"
#include <attune/align/sampling.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

namespace {

std::span<const std::int32_t> positions_of(const Rows& rows, std::int64_t sample) {
  return std::span(rows.index)
      .subspan(static_cast<std::size_t>(rows.starts[sample]),
               static_cast<std::size_t>(rows.count(sample)));
}

// Marks `count` of the positions, every set equally likely, and returns the number of random
// numbers used. Floyd's algorithm: one draw a member, and no list to shuffle.
void mark_some(std::span<const std::int32_t> positions, std::int64_t count,
               const core::RandomStream& random, std::uint64_t& next,
               std::span<std::uint8_t> mask) {
  const auto n = static_cast<std::int64_t>(positions.size());
  for (std::int64_t i = std::max<std::int64_t>(0, n - count); i < n; ++i) {
    const auto bound = static_cast<std::uint64_t>(i) + 1;
    const auto chosen = n > count ? static_cast<std::int64_t>(random.below(next++, bound)) : i;
    mask[positions[mask[positions[chosen]] == 0 ? chosen : i]] = 1;
  }
}

}  // namespace

SampledClouds::SampledClouds(const Clouds& clouds, std::int64_t count,
                             const core::RandomStream& random)
    : clouds_(clouds) {
  if (count < 0) {
    throw InvalidArgument(core::text("align: samples must be at least 0, got ", count));
  }
  check_clouds(clouds, "align::SampledClouds");
  const Selection all = select(clouds);
  const auto largest = [&](const Rows& rows) {
    std::int64_t most = 0;
    for (std::int64_t s = 0; s < all.num_samples(); ++s) {
      most = std::max(most, rows.count(s));
    }
    return most;
  };
  if (count == 0 || (largest(all.queries) <= count && largest(all.keys) <= count)) {
    return;
  }
  query_mask_.assign(static_cast<std::size_t>(clouds.queries.shape()[0]), 0);
  key_mask_.assign(static_cast<std::size_t>(clouds.keys.shape()[0]), 0);
  std::uint64_t next = 0;
  for (std::int64_t s = 0; s < all.num_samples(); ++s) {
    const std::span<const std::int32_t> queries = positions_of(all.queries, s);
    const std::span<const std::int32_t> keys = positions_of(all.keys, s);
    const std::uint64_t first = next;
    mark_some(queries, count, random, next, query_mask_);
    if (std::ranges::equal(queries, keys)) {
      next = first;
    }
    mark_some(keys, count, random, next, key_mask_);
  }
  clouds_.query_mask = query_mask_;
  clouds_.key_mask = key_mask_;
}

}  // namespace attune::align
