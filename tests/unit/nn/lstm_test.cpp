#include <vector>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/nn/lstm.hpp>

using namespace attune;
using core::DType;
using testing::message_of;
using testing::random_leaf;

TEST_CASE("Lstm: derivatives agree with central differences", "[nn][gradient]") {
  nn::Initializer init(1);
  nn::Lstm lstm({.in_channels = 4, .out_channels = 3}, init);
  testing::randomize(lstm, 2);
  lstm.to(DType::f64);
  const Variable x = random_leaf({6, 4}, 3);
  const std::vector<std::int64_t> starts = {0, 2, 6};
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(lstm);
  inputs.push_back({"x", x});
  testing::require_gradients(
      [&] {
        return testing::weighted_sum(lstm.forward({x, starts}));
      },
      inputs);
}

TEST_CASE("Lstm: has four gates of parameters", "[nn]") {
  nn::Initializer init(1);
  const nn::Lstm lstm({.in_channels = 300, .out_channels = 512}, init);
  CHECK(lstm.num_parameters() == 4 * 512 * (300 + 512 + 1));
}

TEST_CASE("Lstm: says what is wrong", "[nn]") {
  nn::Initializer init(1);
  CHECK(message_of<InvalidArgument>([&] { const nn::Lstm lstm({.in_channels = 4}, init); }) ==
        "Lstm: out_channels must be 1 to 2147483647, got 0");
}
