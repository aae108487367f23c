#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>

#include <attune/core/parallel.hpp>

namespace attune::sparse {

/// Work of a task that walks compressed rows, in entries, when an entry touches `width` numbers:
/// some tens of microseconds, so that a small graph still makes enough tasks for a few threads.
[[nodiscard]] inline std::int64_t entries_a_block(std::int64_t width) {
  return std::max<std::int64_t>(64, 131072 / (width + 32));
}

/// Number of blocks that parallel_row_blocks() cuts the rows into.
[[nodiscard]] inline std::int64_t num_row_blocks(std::span<const std::int64_t> row_ptr,
                                                 std::int64_t grain) {
  const auto rows = static_cast<std::int64_t>(row_ptr.size()) - 1;
  return rows > 0 ? (row_ptr[rows] + rows + grain - 1) / grain : 0;
}

/// Calls f(begin, end) or f(begin, end, block) for consecutive blocks of rows of about `grain` rows
/// and entries together, each exactly once and in parallel. Where they are cut depends on row_ptr
/// and grain alone. A row is never divided.
template <class F>
void parallel_row_blocks(std::span<const std::int64_t> row_ptr, std::int64_t grain, F&& f) {
  const auto rows = static_cast<std::int64_t>(row_ptr.size()) - 1;
  const auto first_row = [&](std::int64_t work) {
    std::int64_t low = 0;
    std::int64_t high = rows;
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      if (row_ptr[middle] + middle < work) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  const std::int64_t blocks = num_row_blocks(row_ptr, grain);
  core::parallel_tasks(blocks, [&](std::int64_t block) {
    const std::int64_t begin = first_row(block * grain);
    const std::int64_t end = block + 1 == blocks ? rows : first_row((block + 1) * grain);
    if (begin >= end) {
      return;
    }
    if constexpr (std::is_invocable_v<F, std::int64_t, std::int64_t, std::int64_t>) {
      f(begin, end, block);
    } else {
      f(begin, end);
    }
  });
}

}  // namespace attune::sparse
