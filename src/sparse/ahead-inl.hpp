// Fetching what a loop over edges will read. Included by the loops once an instruction set.
#if defined(ATTUNE_SPARSE_AHEAD_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_SPARSE_AHEAD_INL_HPP
#undef ATTUNE_SPARSE_AHEAD_INL_HPP
#else
#define ATTUNE_SPARSE_AHEAD_INL_HPP
#endif

#include <algorithm>
#include <cstdint>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "sparse/kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace attune::sparse::HWY_NAMESPACE {

// Asks for the rows of neighbours some edges before they are used: no hardware guesses which come
// next, and a loop with much arithmetic an edge would reach few edges ahead on its own. The
// distances are the best ones of tables beyond the caches, at 64 and 256 numbers a row; on tables
// within them asking made no difference that could be measured.
template <class T>
class Ahead {
 public:
  Ahead(const Rows& rows, std::int64_t width)
      : last_(rows.last_column()),
        edges_(std::clamp<std::int64_t>(kBytes / (width * sizeof(T)), kFewest, kMost)) {}

  // n numbers of the row of `table` that belongs to an edge not far from `edge`.
  HWY_INLINE void fetch(const std::int32_t* edge, const T* table, std::int64_t width,
                        std::int64_t n) const {
    const T* row = table + std::int64_t{*std::min(edge + edges_, last_)} * width;
    for (std::int64_t c = 0; c < n; c += kLine) {
      hwy::Prefetch(row + c);
    }
  }

 private:
  static constexpr std::int64_t kLine = 64 / sizeof(T);
  static constexpr std::int64_t kBytes = 10240;
  static constexpr std::int64_t kFewest = 12;
  static constexpr std::int64_t kMost = 64;

  const std::int32_t* last_;
  std::int64_t edges_;
};

// The same for arrays over edges that are read in the order of the transpose.
template <class T>
class AheadAt {
 public:
  AheadAt(const Rows& rows, const std::int64_t* position)
      : position_(position), last_(rows.row_ptr[rows.end] - 1) {}

  // One number of the row of `table` that belongs to an edge not far from edge t.
  HWY_INLINE void fetch(std::int64_t t, const T* table, std::int64_t width) const {
    hwy::Prefetch(table + position_[std::min(t + kEdges, last_)] * width);
  }

 private:
  static constexpr std::int64_t kEdges = 32;

  const std::int64_t* position_;
  std::int64_t last_;
};

}  // namespace attune::sparse::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
