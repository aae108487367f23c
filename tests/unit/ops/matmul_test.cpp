#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/matmul.hpp>

using namespace attune;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using testing::values;

TEST_CASE("matmul: multiplies rows by columns", "[ops]") {
  const Variable x(Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3}));
  const Variable w(Tensor::from<float>({1, 0, 0, 1, 1, 1}, {3, 2}));
  CHECK(ops::matmul(x, w).shape() == core::Shape{2, 2});
  CHECK(values(ops::matmul(x, w).value()) == std::vector<double>{4, 5, 10, 11});
}

TEST_CASE("matmul: derivatives agree with central differences", "[ops][gradient]") {
  const Variable x = random_leaf({5, 3}, 1);
  const Variable w = random_leaf({3, 4}, 2);
  testing::require_gradients([&] { return testing::weighted_sum(ops::matmul(x, w)); },
                             {{"x", x}, {"w", w}});
}

TEST_CASE("matmul: skips the derivative nobody wants", "[ops]") {
  const Variable x(testing::random_tensor({5, 3}, 1));
  const Variable w = random_leaf({3, 4}, 2);
  backward(testing::weighted_sum(ops::matmul(x, w)));
  CHECK_FALSE(x.grad().defined());
  CHECK(w.grad().shape() == core::Shape{3, 4});
}

TEST_CASE("matmul: empty sizes give empty or zero results", "[ops]") {
  const Variable none = random_leaf({0, 3}, 1);
  const Variable w = random_leaf({3, 4}, 2);
  const Variable y = ops::matmul(none, w);
  CHECK(y.shape() == core::Shape{0, 4});
  backward(testing::weighted_sum(y));
  CHECK(values(w.grad()) == std::vector<double>(12, 0.0));

  const Variable thin(Tensor::empty({2, 0}, core::DType::f32));
  const Variable flat(Tensor::empty({0, 2}, core::DType::f32));
  CHECK(values(ops::matmul(thin, flat).value()) == std::vector<double>(4, 0.0));
}

TEST_CASE("matmul: says which shapes do not fit", "[ops]") {
  const Variable x(Tensor::zeros({5, 3}));
  CHECK(message_of<ShapeError>([&] {
          (void)ops::matmul(x, Variable(Tensor::zeros({4, 2})));
        }) == "ops::matmul: w must have 3 rows to follow x [5, 3], got [4, 2]");
  CHECK(message_of<ShapeError>([&] { (void)ops::matmul(x, Variable(Tensor::zeros({3}))); }) ==
        "ops::matmul: w must be [k, m], got [3]");
  CHECK(message_of<ShapeError>([&] { (void)ops::matmul(Variable(Tensor::zeros({3})), x); }) ==
        "ops::matmul: x must be [n, k], got [3]");
  CHECK_THROWS_AS((void)ops::matmul(x, Variable(Tensor::zeros({3, 2}, core::DType::f64))),
                  ShapeError);
}

TEST_CASE("matmul: NaN reaches exactly the rows that hold one", "[ops]") {
  Tensor in = testing::random_tensor({4, 70}, 1, core::DType::f32);
  in.mutable_data<float>()[70] = std::numeric_limits<float>::quiet_NaN();
  const Variable y = ops::matmul(Variable(in), random_leaf({70, 3}, 2, core::DType::f32));
  const std::vector<double> out = values(y.value());
  for (std::size_t i = 0; i < out.size(); ++i) {
    CHECK(std::isnan(out[i]) == (i / 3 == 1));
  }
}

TEST_CASE("matmul: same bits on 1, 2 and 8 threads", "[ops][property]") {
  const Variable x = random_leaf({1500, 130}, 1, core::DType::f32);
  const Variable w = random_leaf({130, 9}, 2, core::DType::f32);
  testing::require_same_bits_on_any_threads([&] {
    Variable a = x;
    Variable b = w;
    a.zero_grad();
    b.zero_grad();
    const Variable y = ops::matmul(a, b);
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{y.value(), a.grad(), b.grad()};
  });
}

TEST_CASE("add_bias: adds one number a column", "[ops]") {
  const Variable x(Tensor::from<float>({1, 2, 3, 4}, {2, 2}));
  const Variable bias(Tensor::from<float>({10, 20}, {2}));
  CHECK(values(ops::add_bias(x, bias).value()) == std::vector<double>{11, 22, 13, 24});
}

TEST_CASE("add_bias: derivatives agree with central differences", "[ops][gradient]") {
  const Variable x = random_leaf({5, 3}, 1);
  const Variable bias = random_leaf({3}, 2);
  testing::require_gradients([&] { return testing::weighted_sum(ops::add_bias(x, bias)); },
                             {{"x", x}, {"bias", bias}});
}

TEST_CASE("add_bias: says which shapes do not fit", "[ops]") {
  const Variable x(Tensor::zeros({5, 3}));
  CHECK(message_of<ShapeError>([&] { (void)ops::add_bias(x, Variable(Tensor::zeros({4}))); }) ==
        "ops::add_bias: bias must be [3], got [4]");
  CHECK(message_of<ShapeError>([&] { (void)ops::add_bias(Variable(Tensor::zeros({3})), x); }) ==
        "ops::add_bias: x must be [n, c], got [3]");
}

TEST_CASE("add_bias: same bits of the bias's gradient on 1, 2 and 8 threads", "[ops][property]") {
  const Variable x = random_leaf({9000, 7}, 1, core::DType::f32);
  const Variable bias = random_leaf({7}, 2, core::DType::f32);
  testing::require_same_bits_on_any_threads([&] {
    Variable b = bias;
    b.zero_grad();
    backward(testing::weighted_sum(ops::add_bias(x, b)));
    return std::vector<Tensor>{b.grad()};
  });
}

TEST_CASE("linear: is matmul and add_bias, to the bit", "[ops]") {
  // By rows, by columns, with a split inner size, and with nothing to add up.
  const auto [n, k, m] = GENERATE(table<std::int64_t, std::int64_t, std::int64_t>(
      {{300, 40, 70}, {20, 30, 600}, {33, 2000, 17}, {5, 0, 3}, {0, 4, 3}}));
  const Variable x = random_leaf({n, k}, 1, core::DType::f32);
  const Variable w = random_leaf({k, m}, 2, core::DType::f32);
  const Variable bias = random_leaf({m}, 3, core::DType::f32);
  CHECK(testing::same_bits(ops::linear(x, w, bias).value(),
                           ops::add_bias(ops::matmul(x, w), bias).value()));
  CHECK(testing::same_bits(ops::linear(x, w, Variable()).value(), ops::matmul(x, w).value()));
}

TEST_CASE("linear: derivatives agree with central differences", "[ops][gradient]") {
  const Variable x = random_leaf({4, 3}, 1);
  const Variable w = random_leaf({3, 5}, 2);
  const Variable bias = random_leaf({5}, 3);
  testing::require_gradients([&] { return testing::weighted_sum(ops::linear(x, w, bias)); },
                             {{"x", x}, {"w", w}, {"bias", bias}});
}
