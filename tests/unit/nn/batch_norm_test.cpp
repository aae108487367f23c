#include <vector>

#include <catch2/catch.hpp>

#include "layer_test_support.hpp"
#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/nn/batch_norm.hpp>

using namespace attune;
using core::Tensor;
using nn::BatchNorm;
using testing::message_of;
using testing::values;

namespace {

std::vector<double> buffer(const BatchNorm& norm, std::size_t i) {
  return values(norm.buffers().at(i).variable.value());
}

}  // namespace

TEST_CASE("BatchNorm: running statistics follow those of training passes", "[nn]") {
  const BatchNorm norm({.channels = 1, .momentum = 0.25});
  REQUIRE(norm.buffers().size() == 2);
  CHECK(norm.buffers()[0].name == "running_mean");
  CHECK(norm.buffers()[1].name == "running_variance");
  CHECK(norm.parameters().size() == 2);
  // Mean 2 and sample variance 2.
  const Variable x(Tensor::from<float>({1, 3}, {2, 1}));
  const nn::ForwardContext training = testing::training();
  (void)norm.forward(x, training);
  CHECK(buffer(norm, 0)[0] == 0.5);
  CHECK(buffer(norm, 1)[0] == 1.25);
  (void)norm.forward(x, training);
  CHECK(buffer(norm, 0)[0] == 0.875);
  CHECK(buffer(norm, 1)[0] == Approx(1.4375));
}

TEST_CASE("BatchNorm: another pass takes the running statistics and leaves them", "[nn]") {
  const BatchNorm norm({.channels = 1, .epsilon = 3});
  const Variable x(Tensor::from<float>({1, 3}, {2, 1}));
  const nn::ForwardContext evaluation;
  // Mean 0 and variance 1 as it starts; 1 + epsilon has the root 2.
  CHECK(values(norm.forward(x, evaluation).value()) == std::vector<double>{0.5, 1.5});
  CHECK(buffer(norm, 0)[0] == 0);
  CHECK(buffer(norm, 1)[0] == 1);
}

TEST_CASE("BatchNorm: a single row has no variance to follow", "[nn]") {
  const BatchNorm norm({.channels = 1, .momentum = 0.5});
  const Variable x(Tensor::from<float>({4}, {1, 1}));
  CHECK(values(norm.forward(x, testing::training()).value()) == std::vector<double>{0});
  CHECK(buffer(norm, 0)[0] == 2);
  CHECK(buffer(norm, 1)[0] == 0.5);
}

TEST_CASE("BatchNorm: derivatives agree with central differences", "[nn][gradient]") {
  BatchNorm norm({.channels = 3});
  norm.to(core::DType::f64);
  testing::randomize(norm, 5);
  const Variable x = testing::random_leaf({6, 3}, 1);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(norm);
  inputs.push_back({"x", x});
  const bool in_training = GENERATE(true, false);
  const nn::ForwardContext ctx = in_training ? testing::training() : nn::ForwardContext();
  testing::require_gradients([&] { return testing::weighted_sum(norm.forward(x, ctx)); }, inputs);
}

TEST_CASE("BatchNorm: refuses options out of range", "[nn]") {
  CHECK(message_of<InvalidArgument>([] { const BatchNorm norm({.channels = 0}); }) ==
        "BatchNorm: channels must be 1 to 2147483647, got 0");
  CHECK(message_of<InvalidArgument>([] { const BatchNorm norm({.channels = 1, .epsilon = 0}); }) ==
        "BatchNorm: epsilon must be finite and above 0, got 0");
  CHECK(message_of<InvalidArgument>([] { const BatchNorm norm({.channels = 1, .momentum = 2}); }) ==
        "BatchNorm: momentum must be in (0, 1], got 2");
}
