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

/// Median seconds of a call, after one that is not counted: `repeat` calls, and more until a fifth
/// of a second is over.
[[nodiscard]] double median_seconds(std::int64_t repeat, core::FunctionRef<void()> f);

}  // namespace attune::cli::bench
