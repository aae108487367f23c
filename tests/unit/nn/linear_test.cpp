#include <vector>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/nn/linear.hpp>

using namespace attune;
using core::Tensor;
using testing::message_of;
using testing::parameter;
using testing::values;

TEST_CASE("Linear: x W + b", "[nn]") {
  nn::Initializer init(0);
  const nn::Linear linear({.in_channels = 2, .out_channels = 3}, init);
  parameter(linear, "weight").set_value(Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3}));
  parameter(linear, "bias").set_value(Tensor::from<float>({10, 20, 30}, {3}));
  const Variable x(Tensor::from<float>({1, 1, 2, 0}, {2, 2}));
  CHECK(values(linear.forward(x).value()) == std::vector<double>{15, 27, 39, 12, 24, 36});
}

TEST_CASE("Linear: sparse features give what their dense form gives", "[nn]") {
  nn::Initializer init(0);
  nn::Linear linear({.in_channels = 3, .out_channels = 4}, init);
  testing::randomize(linear, 1);
  const sparse::CsrMatrix x(3, {0, 2, 2, 3}, {0, 2, 1}, Tensor::from<float>({1, 2, 3}, {3}));
  CHECK(testing::max_difference(linear.forward(x).value(),
                                linear.forward(Variable(sparse::to_dense(x))).value()) < 1e-6);
}

TEST_CASE("Linear: derivatives agree with central differences", "[nn][gradient]") {
  const bool bias = GENERATE(true, false);
  nn::Initializer init(0);
  nn::Linear linear({.in_channels = 3, .out_channels = 4, .bias = bias}, init);
  linear.to(core::DType::f64);
  testing::randomize(linear, 1);
  CHECK(linear.parameters().size() == (bias ? 2 : 1));
  const Variable x = testing::random_leaf({5, 3}, 2);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(linear);
  inputs.push_back({"x", x});
  testing::require_gradients([&] { return testing::weighted_sum(linear.forward(x)); }, inputs);
}

TEST_CASE("Linear: refuses sizes and features that do not fit", "[nn]") {
  nn::Initializer init(0);
  CHECK(message_of<InvalidArgument>([&] {
          const nn::Linear linear({.in_channels = 0, .out_channels = 3}, init);
        }) == "Linear: in_channels must be 1 to 2147483647, got 0");
  CHECK(message_of<InvalidArgument>([&] {
          const nn::Linear linear({.in_channels = 3, .out_channels = -1}, init);
        }) == "Linear: out_channels must be 1 to 2147483647, got -1");
  const nn::Linear linear({.in_channels = 2, .out_channels = 3}, init);
  CHECK(message_of<ShapeError>([&] {
          (void)linear.forward(Variable(Tensor::zeros({5, 3})));
        }) == "Linear::forward: x must be [num_nodes=5, in_channels=2], got [5, 3]");
  CHECK_THROWS_AS((void)linear.forward(Variable(Tensor::zeros({2}))), ShapeError);
  CHECK_THROWS_AS((void)linear.forward(Variable(Tensor::zeros({}))), ShapeError);
  CHECK_THROWS_AS((void)linear.forward(Variable(Tensor::zeros({5, 2}, core::DType::f64))),
                  ShapeError);
}
