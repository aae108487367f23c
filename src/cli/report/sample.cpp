#include "cli/report/sample.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <attune/core/random.hpp>

namespace attune::cli {

std::vector<std::int64_t> sample_of(std::int64_t total, std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(total));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  const auto drawn = static_cast<std::ptrdiff_t>(std::min(total, count));
  // The first steps of a shuffle.
  const core::RandomStream random(seed, core::Purpose::sampling);
  for (std::ptrdiff_t i = 0; i < drawn && drawn < total; ++i) {
    const auto left = static_cast<std::uint64_t>(total - i);
    const auto chosen = random.below(static_cast<std::uint64_t>(i), left);
    std::swap(numbers[static_cast<std::size_t>(i)], numbers[static_cast<std::size_t>(i) + chosen]);
  }
  numbers.resize(static_cast<std::size_t>(drawn));
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace attune::cli
