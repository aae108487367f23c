#include "align/selection.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/tensor.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

namespace {

void check_side(const Variable& points, std::span<const std::uint8_t> mask,
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
  if (!mask.empty() && static_cast<std::int64_t>(mask.size()) != shape[0]) {
    throw ShapeError(core::text(who, ": the mask of the ", what, " must have ", shape[0],
                                " entries, got ", mask.size()));
  }
  if (segments.empty()) {
    return;
  }
  if (segments.size() < 2 || segments.front() != 0 || segments.back() != shape[0] ||
      !std::ranges::is_sorted(segments)) {
    throw InvalidArgument(
        core::text(who, ": the segments of the ", what, " must ascend from 0 to ", shape[0]));
  }
}

Rows valid_rows(std::int64_t positions, std::span<const std::uint8_t> mask,
                std::span<const std::int64_t> segments) {
  const std::int64_t whole[] = {0, positions};
  const std::span<const std::int64_t> bounds =
      segments.empty() ? std::span<const std::int64_t>(whole) : segments;
  Rows rows;
  rows.index.reserve(static_cast<std::size_t>(positions));
  rows.starts.assign(1, 0);
  for (std::size_t s = 0; s + 1 < bounds.size(); ++s) {
    for (std::int64_t i = bounds[s]; i < bounds[s + 1]; ++i) {
      if (mask.empty() || mask[i] != 0) {
        rows.index.push_back(static_cast<std::int32_t>(i));
      }
    }
    rows.starts.push_back(static_cast<std::int64_t>(rows.index.size()));
  }
  return rows;
}

bool all_finite(const core::Tensor& points, const Rows& rows) {
  const std::int64_t width = points.size(1) * points.size(2);
  const auto count = static_cast<std::int64_t>(rows.index.size());
  return core::dispatch(points.dtype(), [&]<class T>() {
    const T* x = points.data<T>().data();
    const std::int64_t grain = std::max<std::int64_t>(1, 16384 / width);
    return core::parallel_sum(count, grain, [&](std::int64_t begin, std::int64_t end) {
             int bad = 0;  // NaN compares false
             for (std::int64_t i = begin; i < end; ++i) {
               const T* row = x + rows.index[i] * width;
               for (std::int64_t c = 0; c < width; ++c) {
                 bad |= static_cast<int>(!(std::abs(row[c]) <= std::numeric_limits<T>::max()));
               }
             }
             return static_cast<double>(bad);
           }) == 0;
  });
}

[[noreturn]] void report_not_finite(const core::Tensor& points, const Rows& rows, const char* who,
                                    const char* what) {
  const std::int64_t channels = points.size(2);
  const std::int64_t width = points.size(1) * channels;
  core::dispatch(points.dtype(), [&]<class T>() {
    const T* x = points.data<T>().data();
    for (const std::int32_t i : rows.index) {
      for (std::int64_t c = 0; c < width; ++c) {
        const T value = x[i * width + c];
        if (!std::isfinite(value)) {
          throw InvalidArgument(core::text(who, ": ", what, " must be finite, got ", value,
                                           " at position ", i, ", head ", c / channels,
                                           ", channel ", c % channels));
        }
      }
    }
  });
  throw InvalidArgument(core::text(who, ": ", what, " must be finite"));
}

}  // namespace

void check_clouds(const Clouds& clouds, const char* who) {
  check_side(clouds.queries, clouds.query_mask, clouds.query_segments, who, "queries");
  check_side(clouds.keys, clouds.key_mask, clouds.key_segments, who, "keys");
  const core::Shape& q = clouds.queries.shape();
  const core::Shape& k = clouds.keys.shape();
  if (q[1] != k[1] || q[2] != k[2]) {
    throw ShapeError(core::text(who, ": keys must have the heads and channels of the queries ",
                                q.to_string(), ", got ", k.to_string()));
  }
  core::require_same_dtype(clouds.queries.value(), clouds.keys.value(), who);
  const auto samples = [](std::span<const std::int64_t> segments) {
    return segments.empty() ? std::size_t{1} : segments.size() - 1;
  };
  if (samples(clouds.query_segments) != samples(clouds.key_segments)) {
    throw ShapeError(core::text(who, ": keys must have the ", samples(clouds.query_segments),
                                " samples of the queries, got ", samples(clouds.key_segments)));
  }
}

Selection select(const Clouds& clouds) {
  return {valid_rows(clouds.queries.shape()[0], clouds.query_mask, clouds.query_segments),
          valid_rows(clouds.keys.shape()[0], clouds.key_mask, clouds.key_segments)};
}

void require_finite(const Clouds& clouds, const Selection& selection, const char* who) {
  if (!all_finite(clouds.queries.value(), selection.queries)) {
    report_not_finite(clouds.queries.value(), selection.queries, who, "queries");
  }
  if (!all_finite(clouds.keys.value(), selection.keys)) {
    report_not_finite(clouds.keys.value(), selection.keys, who, "keys");
  }
}

}  // namespace attune::align
