#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/elementwise.hpp>

using namespace attune;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using testing::values;

TEST_CASE("add, sub, mul, scale: work element by element", "[ops]") {
  const Variable x(Tensor::from<float>({1, -2, 3}, {3}));
  const Variable y(Tensor::from<float>({4, 5, -6}, {3}));
  CHECK(values(ops::add(x, y).value()) == std::vector<double>{5, 3, -3});
  CHECK(values(ops::sub(x, y).value()) == std::vector<double>{-3, -7, 9});
  CHECK(values(ops::mul(x, y).value()) == std::vector<double>{4, -10, -18});
  CHECK(values(ops::scale(x, -0.5).value()) == std::vector<double>{-0.5, 1, -1.5});
}

TEST_CASE("add, sub, mul, scale, reshape: derivatives agree with central differences",
          "[ops][gradient]") {
  const Variable x = random_leaf({4, 3}, 1);
  const Variable y = random_leaf({4, 3}, 2);
  const std::vector<autograd::NamedInput> both = {{"x", x}, {"y", y}};
  SECTION("add") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::add(x, y)); }, both);
  }
  SECTION("sub") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::sub(x, y)); }, both);
  }
  SECTION("mul") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::mul(x, y)); }, both);
  }
  SECTION("mul of a variable with itself") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::mul(x, x)); }, {{"x", x}});
  }
  SECTION("scale") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::scale(x, -1.75)); },
                               {{"x", x}});
  }
  SECTION("reshape") {
    testing::require_gradients(
        [&] {
          return testing::weighted_sum(ops::reshape(x, {2, 6}));
        },
        {{"x", x}});
  }
}

TEST_CASE("reshape: shares the elements", "[ops]") {
  const Variable x = random_leaf({4, 3}, 1, core::DType::f32);
  const Variable y = ops::reshape(x, {2, 3, 2});
  CHECK(y.shape() == core::Shape{2, 3, 2});
  CHECK(y.value().data<float>().data() == x.value().data<float>().data());
  CHECK_THROWS_AS((void)ops::reshape(x, {5}), ShapeError);
}

TEST_CASE("add, sub, mul: say which shapes do not fit", "[ops]") {
  const Variable x(Tensor::zeros({2, 3}));
  const Variable y(Tensor::zeros({3, 2}));
  CHECK(message_of<ShapeError>([&] { (void)ops::add(x, y); }) ==
        "ops::add: x and y must have the same shape, got [2, 3] and [3, 2]");
  CHECK(message_of<ShapeError>([&] { (void)ops::sub(x, y); }) ==
        "ops::sub: x and y must have the same shape, got [2, 3] and [3, 2]");
  CHECK(message_of<ShapeError>([&] { (void)ops::mul(x, y); }) ==
        "ops::mul: x and y must have the same shape, got [2, 3] and [3, 2]");
  CHECK_THROWS_AS((void)ops::add(x, Variable(Tensor::zeros({2, 3}, core::DType::f64))), ShapeError);
}

TEST_CASE("add: no elements are fine", "[ops]") {
  const Variable x = random_leaf({0, 3}, 1);
  const Variable y = ops::add(x, x);
  CHECK(y.shape() == core::Shape{0, 3});
  backward(testing::weighted_sum(y));
  CHECK(x.grad().shape() == core::Shape{0, 3});
}

TEST_CASE("mul: same bits on 1, 2 and 8 threads", "[ops][property]") {
  const Variable x = random_leaf({700, 70}, 1, core::DType::f32);
  testing::require_same_bits_on_any_threads([&] {
    Variable a = x;
    a.zero_grad();
    const Variable y = ops::mul(a, a);
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{y.value(), a.grad()};
  });
}
