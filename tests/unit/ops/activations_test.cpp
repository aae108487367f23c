#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/activations.hpp>
#include <attune/ops/matmul.hpp>

using namespace attune;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using testing::values;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Every power of two and what lies between, both signs, with the ends and both zeros.
std::vector<float> probes() {
  std::vector<float> all = {0.0F, -0.0F, kInfinity, -kInfinity, 1e30F, -1e30F, -87.9F, -88.1F};
  for (float x = 1e-30F; x < 200; x *= 1.0173F) {
    all.push_back(x);
    all.push_back(-x);
  }
  return all;
}

Variable vector_of(const std::vector<float>& x) {
  return Variable(Tensor::from(x, {static_cast<std::int64_t>(x.size())}));
}

// Worst distance from `exact`, in units of the last place of a float of that size.
template <class F>
double worst_ulp(const std::vector<float>& x, const std::vector<double>& found, F exact) {
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = exact(static_cast<double>(x[i]));
    const auto rounded = static_cast<float>(std::abs(expected));
    const double ulp = std::isinf(rounded)
                           ? 1.0
                           : static_cast<double>(std::nextafter(rounded, kInfinity) - rounded);
    const double error = found[i] == expected ? 0 : std::abs(found[i] - expected) / ulp;
    worst = error <= worst ? worst : error;
  }
  return worst;
}

}  // namespace

TEST_CASE("relu, leaky_relu: keep what is above zero", "[ops]") {
  const Variable x = vector_of({-2, -0.5F, 0, 3});
  CHECK(values(ops::relu(x).value()) == std::vector<double>{0, 0, 0, 3});
  CHECK(values(ops::leaky_relu(x, 0.25).value()) == std::vector<double>{-0.5, -0.125, 0, 3});
}

TEST_CASE("elu: exp(x) - 1 within 2 units of the last place over all of float", "[ops]") {
  const std::vector<float> x = probes();
  const std::vector<double> y = values(ops::elu(vector_of(x)).value());
  CHECK(worst_ulp(x, y, [](double v) { return v > 0 ? v : std::expm1(v); }) <= 2);
}

TEST_CASE("sigmoid: within 3 units of the last place down to the least normal number", "[ops]") {
  // The exponential and the division each round once.
  std::vector<float> x = probes();
  std::erase_if(x, [](float v) { return v < -87; });
  const std::vector<double> y = values(ops::sigmoid(vector_of(x)).value());
  CHECK(worst_ulp(x, y, [](double v) {
          return v < 0 ? std::exp(v) / (1 + std::exp(v)) : 1 / (1 + std::exp(-v));
        }) <= 3);
  const Variable ends = ops::sigmoid(vector_of({-kInfinity, -1e30F, -200, 1e30F, kInfinity}));
  CHECK(values(ends.value()) == std::vector<double>{0, 0, 0, 1, 1});
}

TEST_CASE("activations: an element's bits do not depend on where it stands", "[ops][property]") {
  const std::vector<float> x(100, -0.7F);
  for (std::int64_t n = 1; n <= 100; ++n) {
    const Variable y =
        ops::elu(Variable(Tensor::from(std::span(x).first(static_cast<std::size_t>(n)), {n})));
    const Variable s =
        ops::sigmoid(Variable(Tensor::from(std::span(x).first(static_cast<std::size_t>(n)), {n})));
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      REQUIRE(y.value().data<float>()[i] == y.value().data<float>()[0]);
      REQUIRE(s.value().data<float>()[i] == s.value().data<float>()[0]);
    }
    REQUIRE(y.value().data<float>()[0] == Approx(std::expm1(-0.7)));
  }
}

TEST_CASE("activations: NaN stays NaN", "[ops]") {
  const Variable x = vector_of({kNaN, 1, -1});
  for (const Variable& y : {ops::relu(x), ops::leaky_relu(x, 0.2), ops::elu(x), ops::sigmoid(x)}) {
    CHECK(std::isnan(y.value().data<float>()[0]));
    CHECK_FALSE(std::isnan(y.value().data<float>()[1]));
    CHECK_FALSE(std::isnan(y.value().data<float>()[2]));
  }
}

TEST_CASE("activations: derivatives agree with central differences", "[ops][gradient]") {
  const Variable x = random_leaf({7, 5}, 3);
  const std::vector<autograd::NamedInput> input = {{"x", x}};
  SECTION("relu") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::relu(x)); }, input);
  }
  SECTION("leaky_relu") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::leaky_relu(x, 0.2)); },
                               input);
  }
  SECTION("elu") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::elu(x)); }, input);
  }
  SECTION("sigmoid") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::sigmoid(x)); }, input);
  }
  SECTION("bias_elu") {
    const Variable bias = random_leaf({5}, 4);
    testing::require_gradients([&] { return testing::weighted_sum(ops::bias_elu(x, bias)); },
                               {{"x", x}, {"bias", bias}});
  }
}

TEST_CASE("elu: the derivative in float32 is that in float64", "[ops]") {
  Variable wide = random_leaf({40, 33}, 5);
  Variable narrow(wide.value().to(core::DType::f32), true);
  backward(testing::weighted_sum(ops::elu(wide)));
  backward(testing::weighted_sum(ops::elu(narrow)));
  // A few roundings of numbers up to about 4.
  CHECK(testing::max_difference(narrow.grad().to(core::DType::f64), wide.grad()) < 2e-6);
}

TEST_CASE("bias_elu: is elu after add_bias, for any width", "[ops]") {
  const std::int64_t width = GENERATE(1, 3, 7, 8, 16, 33, 64, 100);
  CAPTURE(width);
  const Variable x = random_leaf({300, width}, 6, core::DType::f32);
  const Variable bias = random_leaf({width}, 7, core::DType::f32);
  const Variable fused = ops::bias_elu(x, bias);
  const Variable apart = ops::elu(ops::add_bias(x, bias));
  CHECK(testing::same_bits(fused.value(), apart.value()));

  Variable a = x;
  Variable b = bias;
  backward(testing::weighted_sum(fused));
  const Tensor grad_x = a.grad();
  const Tensor grad_bias = b.grad();
  a.zero_grad();
  b.zero_grad();
  backward(testing::weighted_sum(apart));
  CHECK(testing::same_bits(grad_x, a.grad()));
  // Sums of 300 numbers of order 1 in another order.
  CHECK(testing::max_difference(grad_bias, b.grad()) < 1e-4);
}

TEST_CASE("activations: no elements are fine", "[ops]") {
  const core::Shape shape = GENERATE(core::Shape{0, 3}, core::Shape{3, 0}, core::Shape{0, 0});
  const Variable x = random_leaf(shape, 1, core::DType::f32);
  const Variable bias = random_leaf({shape[1]}, 2, core::DType::f32);
  const Variable y = ops::bias_elu(ops::sigmoid(ops::relu(ops::elu(x))), bias);
  CHECK(y.shape() == shape);
  backward(testing::weighted_sum(y));
  CHECK(x.grad().shape() == shape);
  CHECK(values(bias.grad()) == std::vector<double>(static_cast<std::size_t>(shape[1]), 0.0));
}

TEST_CASE("activations: refuse what does not fit", "[ops]") {
  const Variable x(Tensor::zeros({2, 3}));
  CHECK(message_of<ShapeError>([&] { (void)ops::bias_elu(x, Variable(Tensor::zeros({2}))); }) ==
        "ops::bias_elu: bias must be [3], got [2]");
  CHECK(message_of<ShapeError>([&] { (void)ops::bias_elu(Variable(Tensor::zeros({2})), x); }) ==
        "ops::bias_elu: x must be [n, c], got [2]");
  CHECK_THROWS_AS((void)ops::leaky_relu(x, std::numeric_limits<double>::quiet_NaN()),
                  InvalidArgument);
}

TEST_CASE("bias_elu: same bits on 1, 2 and 8 threads", "[ops][property]") {
  const Variable x = random_leaf({2708, 24}, 1, core::DType::f32);
  const Variable bias = random_leaf({24}, 2, core::DType::f32);
  testing::require_same_bits_on_any_threads([&] {
    Variable a = x;
    Variable b = bias;
    a.zero_grad();
    b.zero_grad();
    const Variable y = ops::bias_elu(a, b);
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{y.value(), a.grad(), b.grad()};
  });
}
