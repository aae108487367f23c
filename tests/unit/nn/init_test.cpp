#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/nn/init.hpp>

using namespace attune;
using nn::Initializer;
using testing::values;

TEST_CASE("Initializer: Glorot-uniform fills its bound and no more", "[nn]") {
  Initializer init(3);
  const double bound = std::sqrt(6.0 / (1433 + 64));
  double largest = 0;
  double sum = 0;
  double squares = 0;
  const std::vector<double> drawn = values(init.glorot_uniform({1433, 64}, 1433, 64));
  for (const double value : drawn) {
    largest = std::max(largest, std::abs(value));
    sum += value;
    squares += value * value;
  }
  const auto n = static_cast<double>(drawn.size());
  CHECK(largest <= bound);
  CHECK(largest > 0.999 * bound);
  CHECK(std::abs(sum / n) < 5 * bound / std::sqrt(3 * n));  // five standard deviations
  CHECK(squares / n == Approx(bound * bound / 3).epsilon(0.02));
}

TEST_CASE("Initializer: a function of the seed and the order of the calls", "[nn]") {
  Initializer one(3);
  Initializer again(3);
  Initializer other(4);
  const core::Tensor first = one.glorot_uniform({4, 5}, 4, 5);
  const core::Tensor second = one.glorot_uniform({4, 5}, 4, 5);
  CHECK(testing::same_bits(first, again.glorot_uniform({4, 5}, 4, 5)));
  CHECK(testing::same_bits(second, again.glorot_uniform({4, 5}, 4, 5)));
  CHECK_FALSE(testing::same_bits(first, second));
  CHECK_FALSE(testing::same_bits(first, other.glorot_uniform({4, 5}, 4, 5)));
}
