#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/batch_norm.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using ops::ColumnStatistics;
using testing::message_of;
using testing::random_leaf;
using testing::values;

namespace {

// As the formula reads, in double.
std::vector<double> expected(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                             double epsilon) {
  const std::vector<double> in = values(x);
  std::vector<double> out(in.size());
  const std::int64_t n = x.size(0);
  const std::int64_t width = x.size(1);
  for (std::int64_t c = 0; c < width; ++c) {
    double mean = 0;
    double variance = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      mean += in[i * width + c] / static_cast<double>(n);
    }
    for (std::int64_t i = 0; i < n; ++i) {
      variance += std::pow(in[i * width + c] - mean, 2) / static_cast<double>(n);
    }
    for (std::int64_t i = 0; i < n; ++i) {
      out[i * width + c] =
          (in[i * width + c] - mean) / std::sqrt(variance + epsilon) * values(gamma)[c] +
          values(beta)[c];
    }
  }
  return out;
}

}  // namespace

TEST_CASE("batch_norm: a column worked out by hand", "[ops]") {
  // mean 2, variance 1 of (1, 3); epsilon 3 makes the deviation 2
  const Variable x(Tensor::from<float>({1, 7, 3, 7}, {2, 2}));
  const Variable gamma(Tensor::from<float>({4, 6}, {2}));
  const Variable beta(Tensor::from<float>({10, 20}, {2}));
  ColumnStatistics statistics;
  CHECK(values(ops::batch_norm(x, gamma, beta, 3, &statistics).value()) ==
        std::vector<double>{8, 20, 12, 20});
  CHECK(values(statistics.mean) == std::vector<double>{2, 7});
  CHECK(values(statistics.variance) == std::vector<double>{1, 0});
}

TEST_CASE("batch_norm: agrees with its formula", "[ops]") {
  const std::int64_t rows = GENERATE(1, 2, 50, 3000);
  const std::int64_t width = GENERATE(1, 7, 64);
  CAPTURE(rows, width);
  const Tensor x = testing::random_tensor({rows, width}, 1);
  const Tensor gamma = testing::random_tensor({width}, 2);
  const Tensor beta = testing::random_tensor({width}, 3);
  const std::vector<double> reference = expected(x, gamma, beta, 1e-3);
  for (const auto& [dtype, tolerance] :
       {std::pair(DType::f64, 1e-12), std::pair(DType::f32, 1e-4)}) {
    const std::vector<double> y =
        values(ops::batch_norm(Variable(x.to(dtype)), Variable(gamma.to(dtype)),
                               Variable(beta.to(dtype)), 1e-3)
                   .value());
    for (std::size_t i = 0; i < y.size(); ++i) {
      REQUIRE(y[i] == Approx(reference[i]).margin(tolerance));
    }
  }
}

TEST_CASE("batch_norm: a large mean takes no precision from the variance", "[ops][property]") {
  const Tensor small = testing::random_tensor({500, 3}, 1);
  std::vector<double> far = values(small);
  for (double& value : far) {
    value += 1e6;
  }
  const Variable ones(Tensor::full({3}, 1, DType::f64));
  const Variable zeros(Tensor::zeros({3}, DType::f64));
  const Tensor near = ops::batch_norm(Variable(small), ones, zeros, 1e-5).value();
  const Tensor shifted =
      ops::batch_norm(Variable(Tensor::from(far, {500, 3})), ones, zeros, 1e-5).value();
  CHECK(testing::max_difference(near, shifted) < 1e-8);
}

TEST_CASE("batch_norm: derivatives agree with central differences", "[ops][gradient]") {
  const std::int64_t rows = GENERATE(1, 2, 9);
  const std::int64_t width = GENERATE(1, 3, 8);
  CAPTURE(rows, width);
  const Variable x = random_leaf({rows, width}, 1);
  const Variable gamma = random_leaf({width}, 2);
  const Variable beta = random_leaf({width}, 3);
  SECTION("statistics of x") {
    testing::require_gradients(
        [&] { return testing::weighted_sum(ops::batch_norm(x, gamma, beta, 0.1)); },
        {{"x", x}, {"gamma", gamma}, {"beta", beta}});
  }
  SECTION("statistics that are given") {
    const ColumnStatistics given{testing::random_tensor({width}, 4),
                                 Tensor::full({width}, 2, DType::f64)};
    testing::require_gradients(
        [&] { return testing::weighted_sum(ops::batch_norm(x, gamma, beta, 0.1, given)); },
        {{"x", x}, {"gamma", gamma}, {"beta", beta}});
  }
}

TEST_CASE("batch_norm: given the statistics of x it does the same", "[ops]") {
  const Variable x = random_leaf({40, 5}, 1);
  const Variable gamma = random_leaf({5}, 2);
  const Variable beta = random_leaf({5}, 3);
  ColumnStatistics statistics;
  const Tensor own = ops::batch_norm(x, gamma, beta, 1e-5, &statistics).value();
  CHECK(testing::same_bits(ops::batch_norm(x, gamma, beta, 1e-5, statistics).value(), own));
}

TEST_CASE("batch_norm: same bits on 1, 2 and 8 threads", "[ops][property]") {
  const Variable x = random_leaf({5000, 24}, 1, DType::f32);
  const Variable gamma = random_leaf({24}, 2, DType::f32);
  const Variable beta = random_leaf({24}, 3, DType::f32);
  testing::require_same_bits_on_any_threads([&] {
    for (Variable leaf : {x, gamma, beta}) {
      leaf.zero_grad();
    }
    ColumnStatistics statistics;
    const Variable y = ops::batch_norm(x, gamma, beta, 1e-5, &statistics);
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{y.value(), statistics.mean, statistics.variance,
                               x.grad(),  gamma.grad(),    beta.grad()};
  });
}

TEST_CASE("batch_norm: says what does not fit", "[ops]") {
  const Variable x(Tensor::zeros({3, 2}));
  const Variable two(Tensor::zeros({2}));
  CHECK(message_of<ShapeError>([&] { (void)ops::batch_norm(two, two, two, 1e-5); }) ==
        "ops::batch_norm: x must be [n, c], got [2]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::batch_norm(Variable(Tensor::zeros({0, 2})), two, two, 1e-5);
        }) == "ops::batch_norm: x must have rows and columns, got [0, 2]");
  CHECK_THAT(message_of<ShapeError>(
                 [&] { (void)ops::batch_norm(x, Variable(Tensor::zeros({3})), two, 1e-5); }),
             Catch::Contains("ops::batch_norm: gamma must be [2], got [3]"));
  CHECK_THAT(message_of<ShapeError>([&] {
               (void)ops::batch_norm(x, two, two, 1e-5,
                                     ColumnStatistics{Tensor::zeros({2}), Tensor::zeros({1})});
             }),
             Catch::Contains("ops::batch_norm: variance must be [2], got [1]"));
  CHECK(message_of<InvalidArgument>([&] { (void)ops::batch_norm(x, two, two, 0); }) ==
        "ops::batch_norm: epsilon must be finite and above 0, got 0");
}
