#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/ops/gelu.hpp>

using namespace attune;
using core::Tensor;
using ops::GeluForm;
using testing::random_leaf;
using testing::values;

namespace {

double exact(double x) {
  return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
}

double with_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

std::vector<float> grid() {
  std::vector<float> x;
  for (int i = -1200; i <= 1200; ++i) {
    x.push_back(static_cast<float>(i) * 0.01F);
  }
  return x;
}

}  // namespace

TEST_CASE("gelu: float32 agrees with the library's erfc in both tails", "[ops]") {
  const std::vector<float> x = grid();
  const Variable in(Tensor::from(x, {static_cast<std::int64_t>(x.size())}));
  const std::vector<double> y = values(ops::gelu(in).value());
  const std::vector<double> approximate = values(ops::gelu(in, GeluForm::tanh).value());
  for (std::size_t i = 0; i < x.size(); ++i) {
    CAPTURE(x[i]);
    // Roundings of x^2 / 2 in the exponent are worth 2^-24 x^2 / 2 each, 4e-6 at the ends.
    REQUIRE(y[i] == Approx(exact(x[i])).epsilon(2e-5).margin(1e-37));
    REQUIRE(approximate[i] == Approx(with_tanh(x[i])).epsilon(5e-6).margin(2e-6));
  }
}

TEST_CASE("gelu: known values, and both ends", "[ops]") {
  const float most = std::numeric_limits<float>::max();
  const Variable x(Tensor::from<float>({0, 1, -1, 100, -100, most, -most}, {7}));
  for (const GeluForm form : {GeluForm::exact, GeluForm::tanh}) {
    const std::vector<double> y = values(ops::gelu(x, form).value());
    CHECK(y[0] == 0);
    CHECK(y[1] == Approx(0.8413).margin(3e-4));
    CHECK(y[2] == Approx(-0.1587).margin(3e-4));
    CHECK(y[3] == 100);
    CHECK(y[4] == 0);
    CHECK(y[5] == static_cast<double>(most));
    CHECK(y[6] == 0);
  }
}

TEST_CASE("gelu, tanh: NaN stays NaN", "[ops]") {
  const Variable x(Tensor::full({20}, std::nan("")));
  for (const Variable& y : {ops::gelu(x), ops::gelu(x, GeluForm::tanh), ops::tanh(x)}) {
    for (const double v : values(y.value())) {
      CHECK(std::isnan(v));
    }
  }
}

TEST_CASE("gelu, tanh: derivatives agree with central differences", "[ops][gradient]") {
  const Variable x = random_leaf({5, 7}, 1);
  testing::require_gradients([&] { return testing::weighted_sum(ops::gelu(x)); }, {{"x", x}});
  testing::require_gradients([&] { return testing::weighted_sum(ops::gelu(x, GeluForm::tanh)); },
                             {{"x", x}});
  testing::require_gradients([&] { return testing::weighted_sum(ops::tanh(x)); }, {{"x", x}});
}

TEST_CASE("gelu: the float32 derivative is that of float64", "[ops]") {
  const std::vector<float> grid_values = grid();
  const GeluForm form = GENERATE(GeluForm::exact, GeluForm::tanh);
  const core::Shape shape{static_cast<std::int64_t>(grid_values.size())};
  const Variable narrow(Tensor::from(grid_values, shape), true);
  const Variable wide(Tensor::from(grid_values, shape).to(core::DType::f64), true);
  backward(testing::weighted_sum(ops::gelu(narrow, form)));
  backward(testing::weighted_sum(ops::gelu(wide, form)));
  CHECK(testing::max_difference(narrow.grad().to(core::DType::f64), wide.grad()) < 1e-5);
}

TEST_CASE("gelu: same bits on 1, 2 and 8 threads", "[ops][property]") {
  const GeluForm form = GENERATE(GeluForm::exact, GeluForm::tanh);
  testing::require_same_bits_on_any_threads([&] {
    const Variable x = random_leaf({701, 70}, 1, core::DType::f32);
    const Variable y = ops::gelu(x, form);
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{y.value(), x.grad()};
  });
}
