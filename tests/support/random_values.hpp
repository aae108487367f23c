#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>

namespace attune::testing {

/// `count` standard normal numbers, a function of `seed`.
template <class T>
std::vector<T> random_values(std::int64_t count, std::uint64_t seed) {
  const core::RandomStream stream(seed, core::Purpose::sampling);
  std::vector<T> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<T>(stream.normal(i));
  }
  return values;
}

template <class T>
core::Tensor random_tensor(const core::Shape& shape, std::uint64_t seed) {
  return core::Tensor::from(random_values<T>(shape.num_elements(), seed), shape);
}

template <class T>
std::vector<T> values_of(const core::Tensor& tensor) {
  const std::span<const T> data = tensor.data<T>();
  return {data.begin(), data.end()};
}

/// Largest |a - b| / max(1, |b|); infinity where the sizes differ or a number is not finite.
template <class T>
double largest_error(const std::vector<T>& a, const std::vector<T>& b) {
  double worst = a.size() == b.size() ? 0 : HUGE_VAL;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double error = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])) /
                         std::max(1.0, std::abs(static_cast<double>(b[i])));
    worst = error <= worst ? worst : (std::isnan(error) ? HUGE_VAL : error);
  }
  return worst;
}

}  // namespace attune::testing
