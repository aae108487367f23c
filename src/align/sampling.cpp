#include <algorithm>
#include <bit>

#include "align/pool_vector.hpp"
#include "align/selection.hpp"
#include <attune/align/sampling.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

namespace {

// Rows of a selection, a bit each: what a step does for every position, drawn or not, is to clear
// and to read one bit.
class Marks {
 public:
  explicit Marks(std::int64_t rows) : words_(static_cast<std::size_t>((rows + 63) / 64), 0) {}

  // Whether it was marked before.
  bool mark(std::int64_t row) {
    const std::uint64_t bit = std::uint64_t{1} << (row % 64);
    const bool before = (words_[row / 64] & bit) != 0;
    words_[row / 64] |= bit;
    return before;
  }

  template <class F>
  void for_each(const F& f) const {
    for (std::size_t w = 0; w < words_.size(); ++w) {
      for (std::uint64_t left = words_[w]; left != 0; left &= left - 1) {
        f(static_cast<std::int64_t>(w) * 64 + std::countr_zero(left));
      }
    }
  }

 private:
  PoolVector<std::uint64_t> words_;
};

// Marks `count` of the rows of a sample, every set equally likely. Floyd's algorithm: one draw a
// member, and no list to shuffle.
void mark_some(const Rows& rows, std::int64_t sample, std::int64_t count,
               const core::RandomStream& random, std::uint64_t& next, Marks& marks) {
  const std::int64_t first = rows.starts[sample];
  const std::int64_t n = rows.count(sample);
  for (std::int64_t i = std::max<std::int64_t>(0, n - count); i < n; ++i) {
    const auto bound = static_cast<std::uint64_t>(i) + 1;
    const auto chosen = n > count ? static_cast<std::int64_t>(random.below(next++, bound)) : i;
    if (marks.mark(first + chosen)) {
      marks.mark(first + i);
    }
  }
}

std::int64_t largest(const Rows& rows) {
  std::int64_t most = 0;
  for (std::size_t s = 0; s + 1 < rows.starts.size(); ++s) {
    most = std::max(most, rows.count(static_cast<std::int64_t>(s)));
  }
  return most;
}

bool same_positions(const Rows& a, const Rows& b, std::int64_t sample) {
  if (a.count(sample) != b.count(sample)) {
    return false;
  }
  if (a.index.empty() && b.index.empty()) {
    return a.starts[sample] == b.starts[sample];
  }
  for (std::int64_t i = 0; i < a.count(sample); ++i) {
    if (a.position(a.starts[sample] + i) != b.position(b.starts[sample] + i)) {
      return false;
    }
  }
  return true;
}

}  // namespace

SampledClouds::SampledClouds(const Clouds& clouds, std::int64_t count,
                             const core::RandomStream& random)
    : clouds_(clouds) {
  if (count < 0) {
    throw InvalidArgument(core::text("align: samples must be at least 0, got ", count));
  }
  check_clouds(clouds, "align::SampledClouds");
  if (count == 0) {
    return;
  }
  const Selection all = select(clouds);
  if (largest(all.queries) <= count && largest(all.keys) <= count) {
    return;
  }
  Marks queries(all.queries.total());
  Marks keys(all.keys.total());
  std::uint64_t next = 0;
  for (std::int64_t s = 0; s < all.num_samples(); ++s) {
    const std::uint64_t first = next;
    mark_some(all.queries, s, count, random, next, queries);
    if (same_positions(all.queries, all.keys, s)) {
      next = first;
    }
    mark_some(all.keys, s, count, random, next, keys);
  }
  const auto list = [](const Marks& marks, const Rows& rows, auto& positions) {
    marks.for_each([&](std::int64_t row) {
      positions.push_back(static_cast<std::int32_t>(rows.position(row)));
    });
  };
  list(queries, all.queries, query_positions_);
  list(keys, all.keys, key_positions_);
  clouds_.query_mask = clouds_.key_mask = {};
  clouds_.query_positions = query_positions_;
  clouds_.key_positions = key_positions_;
}

}  // namespace attune::align
