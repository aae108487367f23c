#include "align/selection.hpp"

#include <algorithm>
#include <limits>
#include <span>

#include <attune/core/error.hpp>
#include <attune/core/tensor.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

namespace {

// 0 where the rank, which is checked later, leaves nothing to count.
std::int64_t first_size(const Variable& points) {
  return points.shape().rank() > 0 ? points.shape()[0] : 0;
}

void check_side(const Variable& points, std::int64_t count, std::span<const std::uint8_t> mask,
                std::span<const std::int64_t> segments, const char* who, const char* what) {
  const core::Shape& shape = points.shape();
  if (shape.rank() != 3) {
    throw ShapeError(core::text(who, ": ", what, " must be [positions, heads, channels], got ",
                                shape.to_string()));
  }
  if (shape[1] < 1 || shape[2] < 1) {
    throw ShapeError(
        core::text(who, ": ", what, " must have a head and a channel, got ", shape.to_string()));
  }
  if (shape[0] > std::numeric_limits<std::int32_t>::max()) {
    throw ShapeError(core::text(who, ": ", what, " must be fewer than 2^31, got ", shape[0]));
  }
  if (count < 0 || count > shape[0]) {
    throw ShapeError(core::text(who, ": num_queries must be 0 to ", shape[0], ", got ", count));
  }
  if (!mask.empty() && static_cast<std::int64_t>(mask.size()) != count) {
    throw ShapeError(core::text(who, ": the mask of the ", what, " must have ", count,
                                " entries, got ", mask.size()));
  }
  if (segments.empty()) {
    return;
  }
  if (segments.size() < 2 || segments.front() != 0 || segments.back() != count ||
      !std::ranges::is_sorted(segments)) {
    throw InvalidArgument(
        core::text(who, ": the segments of the ", what, " must ascend from 0 to ", count));
  }
}

void check_positions(std::span<const std::int32_t> positions, bool masked, std::int64_t count,
                     const char* who, const char* what) {
  if (positions.empty()) {
    return;
  }
  if (masked) {
    throw InvalidArgument(
        core::text(who, ": the ", what, " have a mask and positions, expected one of them"));
  }
  std::int64_t before = -1;
  for (const std::int32_t position : positions) {
    if (position <= before || position >= count) {
      throw InvalidArgument(core::text(who, ": positions of the ", what, " must ascend below ",
                                       count, ", got ", position, " after ", before));
    }
    before = position;
  }
}

void check_scale(const Variable& scale, const Variable& points, const char* who, const char* what) {
  if (scale.defined()) {
    core::require_shape(scale.value(), {points.shape()[1], points.shape()[2]}, who, what);
    core::require_same_dtype(points.value(), scale.value(), who);
  }
}

Rows selected_rows(std::int64_t positions, std::span<const std::uint8_t> mask,
                   std::span<const std::int32_t> listed, std::span<const std::int64_t> segments) {
  const std::int64_t whole[] = {0, positions};
  const std::span<const std::int64_t> bounds =
      segments.empty() ? std::span<const std::int64_t>(whole) : segments;
  Rows rows;
  rows.starts.assign(bounds.begin(), bounds.end());
  if (!listed.empty()) {
    rows.index.assign(listed.begin(), listed.end());
    for (std::int64_t& start : rows.starts) {
      start = std::ranges::lower_bound(listed, start) - listed.begin();
    }
    return rows;
  }
  if (mask.empty() || std::ranges::find(mask, 0) == mask.end()) {
    return rows;
  }
  for (std::size_t s = 0; s + 1 < bounds.size(); ++s) {
    for (std::int64_t i = bounds[s]; i < bounds[s + 1]; ++i) {
      if (mask[i] != 0) {
        rows.index.push_back(static_cast<std::int32_t>(i));
      }
    }
    rows.starts[s + 1] = static_cast<std::int64_t>(rows.index.size());
  }
  return rows;
}

}  // namespace

std::int64_t num_queries(const Clouds& clouds) {
  return clouds.num_queries.value_or(first_size(clouds.queries));
}

void check_clouds(const Clouds& clouds, const char* who) {
  check_side(clouds.queries, num_queries(clouds), clouds.query_mask, clouds.query_segments, who,
             "queries");
  check_side(clouds.keys, first_size(clouds.keys), clouds.key_mask, clouds.key_segments, who,
             "keys");
  const core::Shape& q = clouds.queries.shape();
  const core::Shape& k = clouds.keys.shape();
  if (q[1] != k[1] || q[2] != k[2]) {
    throw ShapeError(core::text(who, ": keys must have the heads and channels of the queries ",
                                q.to_string(), ", got ", k.to_string()));
  }
  core::require_same_dtype(clouds.queries.value(), clouds.keys.value(), who);
  check_positions(clouds.query_positions, !clouds.query_mask.empty(), num_queries(clouds), who,
                  "queries");
  check_positions(clouds.key_positions, !clouds.key_mask.empty(), k[0], who, "keys");
  check_scale(clouds.query_scale, clouds.queries, who, "query_scale");
  check_scale(clouds.key_scale, clouds.keys, who, "key_scale");
  const auto samples = [](std::span<const std::int64_t> segments) {
    return segments.empty() ? std::size_t{1} : segments.size() - 1;
  };
  if (samples(clouds.query_segments) != samples(clouds.key_segments)) {
    throw ShapeError(core::text(who, ": keys must have the ", samples(clouds.query_segments),
                                " samples of the queries, got ", samples(clouds.key_segments)));
  }
}

Selection select(const Clouds& clouds) {
  return {selected_rows(num_queries(clouds), clouds.query_mask, clouds.query_positions,
                        clouds.query_segments),
          selected_rows(clouds.keys.shape()[0], clouds.key_mask, clouds.key_positions,
                        clouds.key_segments)};
}

}  // namespace attune::align
