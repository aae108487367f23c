#include "align/points.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

using core::Tensor;

namespace {

constexpr std::int64_t kGrain = 1 << 14;  // numbers a task

// Whether an exponent has all its bits set, as those of infinities and NaN have.
template <class T>
int not_finite(const T* x, std::int64_t count) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits kExponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
  Bits bad = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    bad |= (std::bit_cast<Bits>(x[i]) & kExponent) == kExponent ? Bits(1) : Bits(0);
  }
  return bad != 0 ? 1 : 0;
}

[[noreturn]] void report_not_finite(const Tensor& points, const Rows& rows, const char* who,
                                    const char* what) {
  const std::int64_t channels = points.size(2);
  const std::int64_t width = points.size(1) * channels;
  core::dispatch(points.dtype(), [&]<class T>() {
    const T* x = points.data<T>().data();
    for (std::int64_t i = 0; i < points.num_elements(); ++i) {
      if (!std::isfinite(x[i])) {
        throw InvalidArgument(core::text(who, ": ", what, " must be finite, got ", x[i],
                                         " at position ", rows.position(i / width), ", head ",
                                         i % width / channels, ", channel ", i % channels));
      }
    }
  });
  throw InvalidArgument(core::text(who, ": ", what, " must be finite"));
}

void require_finite(const Tensor& points, const Rows& rows, const char* who, const char* what) {
  const double bad = core::dispatch(points.dtype(), [&]<class T>() {
    const T* x = points.data<T>().data();
    if (points.num_elements() <= kGrain) {
      return static_cast<double>(not_finite(x, points.num_elements()));
    }
    return core::parallel_sum(points.num_elements(), kGrain,
                              [&](std::int64_t begin, std::int64_t end) {
                                return static_cast<double>(not_finite(x + begin, end - begin));
                              });
  });
  if (bad != 0) {
    report_not_finite(points, rows, who, what);
  }
}

Tensor gathered(const Variable& points, const Variable& scale, const Rows& rows) {
  const core::Shape& shape = points.shape();
  const std::int64_t count = rows.total();
  if (count == shape[0] && !scale.defined()) {
    return points.value();
  }
  Tensor out = Tensor::empty({count, shape[1], shape[2]}, points.dtype());
  const std::int64_t width = shape[1] * shape[2];
  core::dispatch(points.dtype(), [&]<class T>() {
    const T* from = points.value().data<T>().data();
    const T* factors = scale.defined() ? scale.value().data<T>().data() : nullptr;
    T* to = out.mutable_data<T>().data();
    core::parallel_for(count, std::max<std::int64_t>(1, kGrain / width),
                       [&, width](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i) {
                           const T* row = from + rows.position(i) * width;
                           T* out_row = to + i * width;
                           if (factors == nullptr) {
                             std::copy(row, row + width, out_row);
                             continue;
                           }
                           for (std::int64_t c = 0; c < width; ++c) {
                             out_row[c] = row[c] * factors[c];
                           }
                         }
                       });
  });
  return out;
}

}  // namespace

Points gather_points(const Clouds& clouds, const char* who) {
  Points points{select(clouds), Tensor(), Tensor()};
  points.queries = gathered(clouds.queries, clouds.query_scale, points.selection.queries);
  points.keys = gathered(clouds.keys, clouds.key_scale, points.selection.keys);
  require_finite(points.queries, points.selection.queries, who, "queries");
  require_finite(points.keys, points.selection.keys, who, "keys");
  return points;
}

}  // namespace attune::align
