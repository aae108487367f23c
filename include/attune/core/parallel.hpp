#pragma once

#include <algorithm>
#include <cstdint>

#include <attune/core/function_ref.hpp>
#include <attune/core/tensor.hpp>

namespace attune::core {

/// Threads that parallel loops outside with_threads() use; by default one per core.
/// @throws InvalidArgument  n outside [1, 1024]
void set_num_threads(int n);

/// Threads that a parallel loop started here would use.
[[nodiscard]] int num_threads() noexcept;

/// Runs `f` with parallel loops inside it on `n` threads. With n = 1 they are plain loops. Nested
/// calls and calls from several threads at once are fine.
void with_threads(int n, FunctionRef<void()> f);

/// Calls f(i) for i in [0, count), in any order and on any thread, each exactly once. An exception
/// thrown by f is rethrown here.
void parallel_tasks(std::int64_t count, FunctionRef<void(std::int64_t)> f);

/// Calls f(begin, end) for the blocks [k grain, min((k + 1) grain, n)). The blocks depend on n and
/// grain alone, never on the number of threads: results that a block computes on its own have the
/// same bits everywhere.
template <class F>
void parallel_for(std::int64_t n, std::int64_t grain, F&& f) {
  if (n <= grain) {
    if (n > 0) {
      f(std::int64_t{0}, n);
    }
    return;
  }
  parallel_tasks((n + grain - 1) / grain,
                 [&](std::int64_t block) { f(block * grain, std::min(n, (block + 1) * grain)); });
}

/// Sum of f(begin, end) over the blocks of parallel_for, added in the order of the blocks, in
/// double: the same bits for any number of threads.
double parallel_sum(std::int64_t n, std::int64_t grain,
                    FunctionRef<double(std::int64_t, std::int64_t)> f);

/// Column sums by blocks: f(begin, end, partial) adds its rows into `partial`, a zeroed buffer of
/// `width` numbers of its own; the partials are then added in the order of the blocks.
/// @return [width]
template <std::floating_point T>
[[nodiscard]] Tensor parallel_reduce_rows(
    std::int64_t n, std::int64_t grain, std::int64_t width,
    FunctionRef<void(std::int64_t, std::int64_t, std::span<T>)> f);

}  // namespace attune::core
