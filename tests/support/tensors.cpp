#include "support/tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <catch2/catch.hpp>

#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>

namespace attune::testing {

using core::Tensor;

Tensor random_tensor(const core::Shape& shape, std::uint64_t seed, core::DType dtype) {
  const core::RandomStream random(seed, core::Purpose::generation);
  Tensor numbers = Tensor::empty(shape, core::DType::f64);
  std::uint64_t i = 0;
  for (double& number : numbers.mutable_data<double>()) {
    number = random.normal(i++);
  }
  return numbers.to(dtype);
}

Variable random_leaf(const core::Shape& shape, std::uint64_t seed, core::DType dtype) {
  return Variable(random_tensor(shape, seed, dtype), true);
}

std::vector<double> values(const Tensor& tensor) {
  const Tensor wide = tensor.to(core::DType::f64);
  const std::span<const double> elements = wide.data<double>();
  return {elements.begin(), elements.end()};
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) {
    return false;
  }
  return core::dispatch(a.dtype(), [&]<class T>() {
    const std::span<const T> x = a.data<T>();
    return x.empty() || std::memcmp(x.data(), b.data<T>().data(), x.size_bytes()) == 0;
  });
}

double max_difference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) {
    return std::numeric_limits<double>::infinity();
  }
  const std::vector<double> x = values(a);
  const std::vector<double> y = values(b);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = std::abs(x[i] - y[i]);
    if (!(difference <= worst)) {
      worst = difference;
    }
    if (std::isnan(worst)) {
      break;
    }
  }
  return worst;
}

Variable weighted_sum(const Variable& y) {
  constexpr std::uint64_t kSeed = 20231;
  return ops::sum(ops::mul(y, Variable(random_tensor(y.shape(), kSeed, y.dtype()))));
}

void require_gradients(const std::function<Variable()>& f,
                       const std::vector<autograd::NamedInput>& inputs) {
  const autograd::GradientCheckResult result = autograd::check_gradients(f, inputs);
  INFO(result.where);
  CAPTURE(result.worst);
  REQUIRE(result.passed);
}

void require_same_bits_on_any_threads(const std::function<std::vector<Tensor>()>& f) {
  std::vector<Tensor> expected;
  core::with_threads(1, [&] { expected = f(); });
  REQUIRE_FALSE(expected.empty());
  for (const int threads : {2, 8}) {
    std::vector<Tensor> found;
    core::with_threads(threads, [&] { found = f(); });
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CAPTURE(threads, i);
      REQUIRE(same_bits(found[i], expected[i]));
    }
  }
}

}  // namespace attune::testing
