#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/binary_cross_entropy.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;

TEST_CASE("binary_cross_entropy: sums answers and averages questions", "[ops]") {
  const Variable x(Tensor::from<double>({0, std::log(3.0), 0, 0}, {2, 2}));
  const Tensor t = Tensor::from<double>({1, 1.0 / 3, 0.5, 0}, {2, 2});
  // log 2, then -(1/3) log(3/4) - (2/3) log(1/4); log 2 twice
  const double second = -std::log(0.75) / 3 - 2 * std::log(0.25) / 3;
  CHECK(ops::binary_cross_entropy(x, t).value().item() ==
        Approx((3 * std::log(2.0) + second) / 2).epsilon(1e-12));
}

TEST_CASE("binary_cross_entropy: derivatives agree with central differences", "[ops][gradient]") {
  const Variable x = random_leaf({4, 3}, 1);
  const Tensor t = Tensor::from<double>({1, 0, 0.3, 0, 0, 0, 1, 1, 1, 0.6, 0.9, 0}, {4, 3});
  testing::require_gradients([&] { return ops::binary_cross_entropy(x, t); }, {{"x", x}});
}

TEST_CASE("binary_cross_entropy: logits of 1e4 stay finite", "[ops]") {
  const Variable x(Tensor::from<float>({1e4F, -1e4F}, {1, 2}), true);
  const Variable loss = ops::binary_cross_entropy(x, Tensor::from<float>({0, 1}, {1, 2}));
  backward(loss);
  CHECK(loss.value().item() == Approx(2e4));
  CHECK(testing::values(x.grad()) == std::vector<double>{1, -1});
}

TEST_CASE("binary_cross_entropy: same bits on any number of threads", "[ops][property]") {
  testing::require_same_bits_on_any_threads([] {
    const Variable x = random_leaf({100, 400}, 1, DType::f32);
    const Variable loss = ops::binary_cross_entropy(x, Tensor::full({100, 400}, 0.25, DType::f32));
    backward(loss);
    return std::vector<Tensor>{loss.value(), x.grad()};
  });
}

TEST_CASE("binary_cross_entropy: says what does not fit", "[ops]") {
  const Variable x(Tensor::zeros({2, 2}));
  CHECK(message_of<InvalidArgument>([&] {
          (void)ops::binary_cross_entropy(x, Tensor::from<float>({0, 1, 1.5F, 0}, {2, 2}));
        }) == "ops::binary_cross_entropy: targets[1, 0] must be in [0, 1], got 1.5");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::binary_cross_entropy(x, Tensor::zeros({2, 3}));
        }) == "ops::binary_cross_entropy: x and y must have the same shape, got [2, 2] and [2, 3]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::binary_cross_entropy(Variable(Tensor::zeros({0, 2})), Tensor::zeros({0, 2}));
        }) == "ops::binary_cross_entropy: logits must have a row, got [0, 2]");
}
