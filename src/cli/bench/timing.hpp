#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include <attune/core/function_ref.hpp>

namespace attune::cli::bench {

/// Seconds of one call.
template <class F>
double seconds_of(const F& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Middle of a list that is not empty; the lower one of two.
[[nodiscard]] double median(std::vector<double> values);

/// Median seconds of a call, after one that is not counted: `repeat` calls, and more until 40 ms
/// for each of them, at most a fifth of a second, are over. A call that takes seconds has no need
/// of a first one that warms it up: that one counts, and is enough where repeat is 1.
/// @param before  is called before each, not timed
[[nodiscard]] double median_seconds(std::int64_t repeat, core::FunctionRef<void()> f,
                                    core::FunctionRef<void()> before);
[[nodiscard]] double median_seconds(std::int64_t repeat, core::FunctionRef<void()> f);

/// Least seconds of a call, of as many calls: what a machine can do when nothing else asks for it.
[[nodiscard]] double least_seconds(std::int64_t repeat, core::FunctionRef<void()> f);

}  // namespace attune::cli::bench
