#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/heads.hpp>

using namespace attune;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using testing::values;

TEST_CASE("mean_heads: averages over the heads of a node", "[ops]") {
  // Node 0: heads (1, 2), (3, 6). Node 1: heads (0, 0), (4, -4).
  const Variable x(Tensor::from<float>({1, 2, 3, 6, 0, 0, 4, -4}, {2, 2, 2}));
  CHECK(ops::mean_heads(x).shape() == core::Shape{2, 2});
  CHECK(values(ops::mean_heads(x).value()) == std::vector<double>{2, 4, 2, -2});
}

TEST_CASE("mean_heads: one head is passed on as it is", "[ops]") {
  const Variable x = random_leaf({5, 1, 3}, 1);
  const Variable y = ops::mean_heads(x);
  CHECK(y.shape() == core::Shape{5, 3});
  CHECK(values(y.value()) == values(x.value()));
}

TEST_CASE("head_scale: multiplies each head by its own vector", "[ops]") {
  const Variable z(Tensor::from<float>({1, 2, 3, 4, 5, 6, 7, 8}, {2, 2, 2}));
  const Variable a(Tensor::from<float>({1, 10, 0, -1}, {2, 2}));
  CHECK(values(ops::head_scale(z, a).value()) == std::vector<double>{1, 20, 0, -4, 5, 60, 0, -8});
}

TEST_CASE("head_dot: one number a node and head", "[ops]") {
  const Variable z(Tensor::from<float>({1, 2, 3, 4, 5, 6, 7, 8}, {2, 2, 2}));
  const Variable a(Tensor::from<float>({1, 10, 0, -1}, {2, 2}));
  CHECK(ops::head_dot(z, a).shape() == core::Shape{2, 2});
  CHECK(values(ops::head_dot(z, a).value()) == std::vector<double>{21, -4, 65, -8});
}

TEST_CASE("mean_heads, head_scale, head_dot: derivatives agree with central differences",
          "[ops][gradient]") {
  const Variable z = random_leaf({4, 3, 2}, 1);
  const Variable a = random_leaf({3, 2}, 2);
  SECTION("mean_heads") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::mean_heads(z)); },
                               {{"x", z}});
  }
  SECTION("mean_heads of one head") {
    const Variable one = random_leaf({4, 1, 2}, 3);
    testing::require_gradients([&] { return testing::weighted_sum(ops::mean_heads(one)); },
                               {{"x", one}});
  }
  SECTION("head_scale") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::head_scale(z, a)); },
                               {{"z", z}, {"a", a}});
  }
  SECTION("head_dot") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::head_dot(z, a)); },
                               {{"z", z}, {"a", a}});
  }
}

TEST_CASE("mean_heads, head_scale, head_dot: no nodes are fine", "[ops]") {
  const Variable z = random_leaf({0, 3, 2}, 1);
  const Variable a = random_leaf({3, 2}, 2);
  SECTION("mean_heads, head_scale") {
    backward(testing::weighted_sum(ops::mean_heads(ops::head_scale(z, a))));
  }
  SECTION("head_dot") {
    backward(testing::weighted_sum(ops::head_dot(z, a)));
  }
  CHECK(z.grad().shape() == z.shape());
  CHECK(values(a.grad()) == std::vector<double>(6, 0.0));
}

TEST_CASE("mean_heads, head_scale, head_dot: say which shapes do not fit", "[ops]") {
  const Variable z(Tensor::zeros({5, 2, 3}));
  CHECK(message_of<ShapeError>([&] {
          (void)ops::head_scale(z, Variable(Tensor::zeros({3, 2})));
        }) == "ops::head_scale: a must be [2, 3], got [3, 2]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::head_dot(z, Variable(Tensor::zeros({2, 4})));
        }) == "ops::head_dot: a must be [2, 3], got [2, 4]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::head_dot(Variable(Tensor::zeros({5, 6})), Variable(Tensor::zeros({2, 3})));
        }) == "ops::head_dot: z must be [n, heads, channels], got [5, 6]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::mean_heads(Variable(Tensor::zeros({5, 6})));
        }) == "ops::mean_heads: x must be [n, heads, channels], got [5, 6]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::mean_heads(Variable(Tensor::zeros({5, 0, 6})));
        }) == "ops::mean_heads: x must have at least one head, got [5, 0, 6]");
}

TEST_CASE("mean_heads, head_scale, head_dot: same bits on 1, 2 and 8 threads", "[ops][property]") {
  const Variable z = random_leaf({3000, 8, 8}, 1, core::DType::f32);
  const Variable a = random_leaf({8, 8}, 2, core::DType::f32);
  testing::require_same_bits_on_any_threads([&] {
    Variable x = z;
    Variable row = a;
    x.zero_grad();
    row.zero_grad();
    const Variable y = ops::mean_heads(ops::head_scale(x, row));
    const Variable dots = ops::head_dot(x, row);
    backward(testing::weighted_sum(y));
    backward(testing::weighted_sum(dots));
    return std::vector<Tensor>{y.value(), dots.value(), x.grad(), row.grad()};
  });
}
