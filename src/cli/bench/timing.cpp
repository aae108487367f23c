#include "cli/bench/timing.hpp"

#include <algorithm>

namespace attune::cli::bench {

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double median_seconds(std::int64_t repeat, core::FunctionRef<void()> f) {
  constexpr double kLeast = 0.2;
  f();
  std::vector<double> seconds;
  double all = 0;
  while (static_cast<std::int64_t>(seconds.size()) < repeat || all < kLeast) {
    seconds.push_back(seconds_of(f));
    all += seconds.back();
  }
  return median(std::move(seconds));
}

}  // namespace attune::cli::bench
