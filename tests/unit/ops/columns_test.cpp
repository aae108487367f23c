#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/columns.hpp>

using namespace attune;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using testing::values;

TEST_CASE("concat_columns: rows stand side by side", "[ops]") {
  const Variable x(Tensor::from<float>({1, 2}, {2, 1}));
  const Variable y(Tensor::from<float>({3, 4, 5, 6}, {2, 2}));
  const Variable both = ops::concat_columns(x, y);
  CHECK(both.shape() == core::Shape{2, 3});
  CHECK(values(both.value()) == std::vector<double>{1, 3, 4, 2, 5, 6});
}

TEST_CASE("maximum: the larger element and a derivative for the first of equals", "[ops]") {
  const Variable x(Tensor::from<float>({1, 5, 3}, {3}), true);
  const Variable y(Tensor::from<float>({2, 4, 3}, {3}), true);
  const Variable most = ops::maximum(x, y);
  CHECK(values(most.value()) == std::vector<double>{2, 5, 3});
  backward(most, Tensor::from<float>({7, 8, 9}, {3}));
  CHECK(values(x.grad()) == std::vector<double>{0, 8, 9});
  CHECK(values(y.grad()) == std::vector<double>{7, 0, 0});
}

TEST_CASE("concat_columns, maximum: derivatives agree with central differences",
          "[ops][gradient]") {
  const Variable x = random_leaf({5, 3}, 1);
  const Variable y = random_leaf({5, 3}, 2);
  const Variable wide = random_leaf({5, 40}, 3);
  SECTION("concat_columns") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::concat_columns(x, wide)); },
                               {{"x", x}, {"y", wide}});
  }
  SECTION("maximum") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::maximum(x, y)); },
                               {{"x", x}, {"y", y}});
  }
}

TEST_CASE("concat_columns, maximum: same bits on 1, 2 and 8 threads", "[ops][property]") {
  const Variable x = random_leaf({9000, 24}, 1, core::DType::f32);
  const Variable y = random_leaf({9000, 24}, 2, core::DType::f32);
  testing::require_same_bits_on_any_threads([&] {
    for (Variable leaf : {x, y}) {
      leaf.zero_grad();
    }
    const Variable z = ops::concat_columns(ops::maximum(x, y), y);
    backward(testing::weighted_sum(z));
    return std::vector<Tensor>{z.value(), x.grad(), y.grad()};
  });
}

TEST_CASE("concat_columns, maximum: say what does not fit", "[ops]") {
  const Variable x(Tensor::zeros({3, 2}));
  CHECK(message_of<ShapeError>([&] {
          (void)ops::concat_columns(x, Variable(Tensor::zeros({4, 2})));
        }) == "ops::concat_columns: x and y must have as many rows, got [3, 2] and [4, 2]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::concat_columns(x, Variable(Tensor::zeros({3})));
        }) == "ops::concat_columns: y must be [n, b], got [3]");
  CHECK_THAT(message_of<ShapeError>([&] {
               (void)ops::concat_columns(x, Variable(Tensor::zeros({3, 2}, core::DType::f64)));
             }),
             Catch::Contains("ops::concat_columns"));
  CHECK_THAT(message_of<ShapeError>([&] {
               (void)ops::maximum(x, Variable(Tensor::zeros({2, 2})));
             }),
             Catch::Contains("ops::maximum: x and y must have the same shape"));
}
