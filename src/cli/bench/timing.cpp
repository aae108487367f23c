#include "cli/bench/timing.hpp"

#include <algorithm>

namespace attune::cli::bench {

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

namespace {

std::vector<double> all_seconds(std::int64_t repeat, core::FunctionRef<void()> f,
                                core::FunctionRef<void()> before) {
  constexpr double kMostLeast = 0.2;
  constexpr double kLeastEach = 0.04;
  constexpr double kLong = 2;
  const double least = std::min(kMostLeast, kLeastEach * static_cast<double>(repeat));
  std::vector<double> seconds;
  double all = 0;
  const auto call = [&] {
    before();
    seconds.push_back(seconds_of(f));
    all += seconds.back();
  };
  call();
  if (all < kLong) {
    seconds.clear();
    all = 0;
  }
  while (static_cast<std::int64_t>(seconds.size()) < repeat || all < least) {
    call();
  }
  return seconds;
}

}  // namespace

double median_seconds(std::int64_t repeat, core::FunctionRef<void()> f,
                      core::FunctionRef<void()> before) {
  return median(all_seconds(repeat, f, before));
}

double median_seconds(std::int64_t repeat, core::FunctionRef<void()> f) {
  return median_seconds(repeat, f, [] {});
}

double least_seconds(std::int64_t repeat, core::FunctionRef<void()> f) {
  const std::vector<double> seconds = all_seconds(repeat, f, [] {});
  return *std::min_element(seconds.begin(), seconds.end());
}

}  // namespace attune::cli::bench
