#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/dropout.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/layer_norm.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using testing::values;

TEST_CASE("layer_norm: a row worked out by hand", "[ops]") {
  // mean 2, variance 1 of (1, 3); epsilon 3 makes the deviation 2
  const Variable x(Tensor::from<float>({1, 3}, {1, 2}));
  const Variable gamma(Tensor::from<float>({4, 6}, {2}));
  const Variable beta(Tensor::from<float>({10, 20}, {2}));
  CHECK(values(ops::layer_norm(x, gamma, beta, 3).value()) == std::vector<double>{8, 23});
}

TEST_CASE("layer_norm: rows have mean 0 and variance 1 before gamma and beta", "[ops]") {
  const std::int64_t width = GENERATE(1, 2, 7, 16, 33, 64, 100);
  CAPTURE(width);
  const Variable x = random_leaf({5, width}, 1, DType::f32);
  const Variable gamma(Tensor::full({width}, 1));
  const Variable beta(Tensor::zeros({width}));
  const std::vector<double> y = values(ops::layer_norm(x, gamma, beta, 1e-12).value());
  for (std::int64_t r = 0; r < 5; ++r) {
    double mean = 0;
    double squares = 0;
    for (std::int64_t c = 0; c < width; ++c) {
      mean += y[r * width + c] / static_cast<double>(width);
      squares += y[r * width + c] * y[r * width + c] / static_cast<double>(width);
    }
    CHECK(mean == Approx(0).margin(1e-6));
    CHECK(squares == Approx(width == 1 ? 0 : 1).margin(1e-5));
  }
}

TEST_CASE("layer_norm: derivatives agree with central differences", "[ops][gradient]") {
  const std::int64_t width = GENERATE(1, 3, 8, 37);
  const Variable x = random_leaf({4, width}, 1);
  const Variable gamma = random_leaf({width}, 2);
  const Variable beta = random_leaf({width}, 3);
  testing::require_gradients(
      [&] { return testing::weighted_sum(ops::layer_norm(x, gamma, beta, 0.1)); },
      {{"x", x}, {"gamma", gamma}, {"beta", beta}});
}

TEST_CASE("add_layer_norm: is the sum, dropped and normalised", "[ops]") {
  const std::int64_t width = GENERATE(3, 40);
  const Variable x = random_leaf({50, width}, 1, DType::f32);
  const Variable residual = random_leaf({50, width}, 4, DType::f32);
  const Variable gamma = random_leaf({width}, 2, DType::f32);
  const Variable beta = random_leaf({width}, 3, DType::f32);
  const core::RandomStream stream(7, core::Purpose::dropout, 3, 2);
  const Variable fused =
      ops::add_layer_norm(x, residual, gamma, beta, 1e-5, {.p = 0.4, .stream = &stream});
  const Variable apart =
      ops::layer_norm(ops::add(ops::dropout(x, 0.4, stream), residual), gamma, beta, 1e-5);
  CHECK(testing::same_bits(fused.value(), apart.value()));
}

TEST_CASE("add_layer_norm: derivatives agree with central differences", "[ops][gradient]") {
  const core::RandomStream stream(7, core::Purpose::dropout, 3, 2);
  const core::RandomStream* drop =
      GENERATE_REF(static_cast<const core::RandomStream*>(nullptr), &stream);
  const Variable x = random_leaf({11, 5}, 1);
  const Variable residual = random_leaf({11, 5}, 4);
  const Variable gamma = random_leaf({5}, 2);
  const Variable beta = random_leaf({5}, 3);
  testing::require_gradients(
      [&] {
        return testing::weighted_sum(
            ops::add_layer_norm(x, residual, gamma, beta, 0.1, {.p = 0.3, .stream = drop}));
      },
      {{"x", x}, {"residual", residual}, {"gamma", gamma}, {"beta", beta}});
}

TEST_CASE("add_layer_norm: same bits on 1, 2 and 8 threads", "[ops][property]") {
  const core::RandomStream stream(7, core::Purpose::dropout, 3, 2);
  testing::require_same_bits_on_any_threads([&] {
    const Variable x = random_leaf({700, 96}, 1, DType::f32);
    const Variable residual = random_leaf({700, 96}, 2, DType::f32);
    const Variable gamma = random_leaf({96}, 3, DType::f32);
    const Variable beta = random_leaf({96}, 4, DType::f32);
    const Variable y =
        ops::add_layer_norm(x, residual, gamma, beta, 1e-5, {.p = 0.1, .stream = &stream});
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{y.value(), x.grad(), residual.grad(), gamma.grad(), beta.grad()};
  });
}

TEST_CASE("layer_norm: no rows are fine", "[ops]") {
  const Variable x = random_leaf({0, 3}, 1);
  const Variable gamma = random_leaf({3}, 2);
  const Variable beta = random_leaf({3}, 3);
  backward(testing::weighted_sum(ops::layer_norm(x, gamma, beta, 1e-5)));
  CHECK(values(gamma.grad()) == std::vector<double>{0, 0, 0});
}

TEST_CASE("layer_norm: says what does not fit", "[ops]") {
  const Variable x(Tensor::zeros({2, 3}));
  const Variable three(Tensor::zeros({3}));
  const Variable two(Tensor::zeros({2}));
  CHECK(message_of<ShapeError>([&] { (void)ops::layer_norm(x, two, three, 1e-5); }) ==
        "ops::layer_norm: gamma must be [3], got [2]");
  CHECK(message_of<ShapeError>([&] { (void)ops::layer_norm(x, three, two, 1e-5); }) ==
        "ops::layer_norm: beta must be [3], got [2]");
  CHECK(message_of<ShapeError>([&] { (void)ops::layer_norm(three, three, three, 1e-5); }) ==
        "ops::layer_norm: x must be [n, c], got [3]");
  CHECK(message_of<InvalidArgument>([&] { (void)ops::layer_norm(x, three, three, 0); }) ==
        "ops::layer_norm: epsilon must be finite and above 0, got 0");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::add_layer_norm(x, Variable(Tensor::zeros({3, 3})), three, three, 1e-5);
        }) == "ops::add_layer_norm: x and y must have the same shape, got [2, 3] and [3, 3]");
}
