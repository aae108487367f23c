#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>

using namespace attune;
using core::Tensor;
using testing::random_leaf;

TEST_CASE("sum, mean: over all elements", "[ops]") {
  const Variable x(Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3}));
  CHECK(ops::sum(x).shape().rank() == 0);
  CHECK(ops::sum(x).value().item() == 21);
  CHECK(ops::mean(x).value().item() == 3.5);
}

TEST_CASE("sum: counts every element of any length once", "[ops]") {
  for (std::int64_t n = 1; n <= 40; ++n) {
    REQUIRE(ops::sum(Variable(Tensor::full({n}, 1))).value().item() == static_cast<double>(n));
  }
  REQUIRE(ops::sum(Variable(Tensor::full({16384 * 3 + 5}, 1))).value().item() == 16384 * 3 + 5);
}

TEST_CASE("sum: a million float32 tenths lose nothing to the order of additions", "[ops]") {
  const Variable x(Tensor::full({1000, 1000}, 0.1F));
  CHECK(ops::sum(x).value().item() == Approx(1e6 * static_cast<double>(0.1F)).epsilon(1e-7));
}

TEST_CASE("sum, mean: derivatives agree with central differences", "[ops][gradient]") {
  const Variable x = random_leaf({4, 3}, 1);
  // Squares, so that the upstream derivative is not one.
  testing::require_gradients([&] { return ops::mul(ops::sum(x), ops::sum(x)); }, {{"x", x}});
  testing::require_gradients([&] { return ops::mul(ops::mean(x), ops::mean(x)); }, {{"x", x}});
}

TEST_CASE("sum: NaN anywhere is NaN, nothing sums to zero", "[ops]") {
  Tensor x = Tensor::zeros({1000});
  x.mutable_data<float>()[999] = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(ops::sum(Variable(x)).value().item()));
  CHECK(ops::sum(Variable(Tensor::zeros({0, 5}))).value().item() == 0);
}

TEST_CASE("mean: refuses an empty tensor", "[ops]") {
  CHECK(testing::message_of<ShapeError>([] {
          (void)ops::mean(Variable(Tensor::zeros({0, 5})));
        }) == "ops::mean: x must have elements, got [0, 5]");
}

TEST_CASE("sum: same bits on 1, 2 and 8 threads", "[ops][property]") {
  const Variable x = random_leaf({500, 333}, 1);
  testing::require_same_bits_on_any_threads([&] {
    return std::vector<Tensor>{ops::sum(x).value(), ops::mean(x).value()};
  });
}
