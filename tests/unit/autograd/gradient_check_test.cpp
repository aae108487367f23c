#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/autograd/gradient_check.hpp>
#include <attune/core/error.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>

using namespace attune;
using autograd::check_gradients;
using autograd::GradientCheckResult;
using core::DType;
using core::Tensor;

namespace {

// sum(x * x), whose recorded derivative is 2 x except for element `wrong`, where it is `factor`
// times that.
Variable squares(const Variable& x, std::size_t wrong, double factor) {
  double sum = 0;
  for (const double value : x.value().data<double>()) {
    sum += value * value;
  }
  return autograd::record(
      "squares", Tensor::full({}, sum, DType::f64), {x},
      [in = x.value(), wrong, factor](autograd::Node& node, const Tensor& grad_output) {
        Tensor grad = Tensor::empty(in.shape(), DType::f64);
        const std::span<double> slope = grad.mutable_data<double>();
        for (std::size_t i = 0; i < slope.size(); ++i) {
          slope[i] = 2 * grad_output.item() * in.data<double>()[i] * (i == wrong ? factor : 1);
        }
        node.add_grad(0, grad);
      });
}

}  // namespace

TEST_CASE("check_gradients: passes a right derivative", "[autograd]") {
  const Variable x = testing::random_leaf({3, 2}, 1);
  const GradientCheckResult result = check_gradients([&] { return squares(x, 0, 1); }, {{"x", x}});
  CHECK(result.passed);
  CHECK(result.worst < 1e-8);
}

TEST_CASE("check_gradients: names the input and the element of a wrong derivative", "[autograd]") {
  const double factor = GENERATE(1.001, 0.0, -1.0, 2.0);
  const Variable other = testing::random_leaf({2}, 2);
  const Variable x(Tensor::from<double>({1, 2, 3, 4}, {2, 2}), true);
  const GradientCheckResult result =
      check_gradients([&] { return ops::add(squares(x, 2, factor), ops::sum(other)); },
                      {{"other", other}, {"x", x}});
  CHECK_FALSE(result.passed);
  CHECK(result.where.find("x[2]: recorded ") == 0);
  CHECK(result.where.find(", numeric 6") != std::string::npos);
}

TEST_CASE("check_gradients: a derivative that is not a number fails, wherever it stands",
          "[autograd]") {
  const std::size_t wrong = GENERATE(0U, 1U, 3U);
  const Variable x(Tensor::from<double>({1, 2, 3, 4}, {4}), true);
  const GradientCheckResult result = check_gradients(
      [&] { return squares(x, wrong, std::numeric_limits<double>::quiet_NaN()); }, {{"x", x}});
  CHECK_FALSE(result.passed);
  CHECK(std::isnan(result.worst));
  CHECK(result.where.find("x[" + std::to_string(wrong) + "]: ") == 0);
}

TEST_CASE("check_gradients: an input without a recorded derivative must not matter", "[autograd]") {
  const Variable x = testing::random_leaf({2}, 1);
  const Variable idle = testing::random_leaf({2}, 2);
  CHECK(check_gradients([&] { return ops::sum(x); }, {{"x", x}, {"idle", idle}}).passed);
  // It matters, but the tape was cut.
  const GradientCheckResult cut = check_gradients(
      [&] { return ops::add(ops::sum(x), ops::sum(idle.detach())); }, {{"x", x}, {"idle", idle}});
  CHECK_FALSE(cut.passed);
  CHECK(cut.where.find("idle[") == 0);
}

TEST_CASE("check_gradients: leaves the inputs as they were", "[autograd]") {
  const Variable x = testing::random_leaf({5}, 1);
  const Tensor before = x.value().clone();
  (void)check_gradients([&] { return squares(x, 0, 1); }, {{"x", x}});
  CHECK(testing::same_bits(x.value(), before));
}

TEST_CASE("check_gradients: refuses float32", "[autograd]") {
  const Variable x = testing::random_leaf({2}, 1, DType::f32);
  CHECK(testing::message_of<ShapeError>([&] {
          (void)check_gradients([&] { return ops::sum(x); }, {{"x", x}});
        }) == "check_gradients: expected float64 for x");
}
