#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/nn/embedding.hpp>
#include <attune/nn/layer_norm.hpp>

using namespace attune;
using core::Tensor;
using testing::message_of;
using testing::parameter;
using testing::values;

TEST_CASE("Embedding: looks up its rows", "[nn]") {
  nn::Initializer init(1);
  nn::Embedding embedding({.num_rows = 3, .channels = 2}, init);
  parameter(embedding, "weight").set_value(Tensor::from<float>({1, 2, 3, 4, 5, 6}, {3, 2}));
  const std::vector<std::int32_t> index = {2, 0};
  CHECK(values(embedding.forward(index).value()) == std::vector<double>{5, 6, 1, 2});
}

TEST_CASE("Embedding: is drawn from the normal distribution that was asked for", "[nn]") {
  nn::Initializer init(1);
  const nn::Embedding embedding({.num_rows = 500, .channels = 40, .deviation = 0.1}, init);
  double mean = 0;
  double squares = 0;
  for (const double x : values(embedding.weight().value())) {
    mean += x / 20000;
    squares += x * x / 20000;
  }
  CHECK(std::abs(mean) < 4 * 0.1 / std::sqrt(20000.0));
  CHECK(std::sqrt(squares) == Approx(0.1).epsilon(0.02));
}

TEST_CASE("Embedding, LayerNorm: say what is wrong", "[nn]") {
  nn::Initializer init(1);
  CHECK(message_of<InvalidArgument>([&] {
          const nn::Embedding embedding({.num_rows = 0, .channels = 2}, init);
        }) == "Embedding: num_rows must be 1 to 2147483647, got 0");
  CHECK(message_of<InvalidArgument>([&] {
          const nn::Embedding embedding({.num_rows = 1, .channels = 2, .deviation = -1}, init);
        }) == "Embedding: deviation must be finite and at least 0, got -1");
  CHECK(message_of<InvalidArgument>([&] {
          const nn::LayerNorm norm({.channels = 2, .epsilon = 0});
        }) == "LayerNorm: epsilon must be finite and above 0, got 0");
}

TEST_CASE("LayerNorm: drops its branch in training only", "[nn]") {
  const nn::LayerNorm norm({.channels = 4});
  const Variable branch = testing::random_leaf({50, 4}, 1, core::DType::f32);
  const Variable residual = testing::random_leaf({50, 4}, 2, core::DType::f32);
  nn::ForwardContext evaluation;
  nn::ForwardContext training(core::RandomStream(1, core::Purpose::dropout));
  const Tensor kept = norm.forward(branch, residual, 0.5, evaluation).value();
  CHECK(testing::same_bits(kept, norm.forward(branch, residual, 0, training).value()));
  CHECK(testing::max_difference(kept, norm.forward(branch, residual, 0.5, training).value()) > 0.1);
}
