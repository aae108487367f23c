#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/nn/dropout.hpp>

using namespace attune;
using core::RandomStream;
using core::Tensor;
using nn::ForwardContext;
using testing::values;

namespace {

ForwardContext training(std::uint32_t step = 0) {
  return ForwardContext(RandomStream(1, core::Purpose::dropout).at_step(step));
}

}  // namespace

TEST_CASE("Dropout: the identity in evaluation and with probability zero", "[nn]") {
  const Variable x = testing::random_leaf({10, 10}, 1);
  ForwardContext evaluation;
  CHECK(same(nn::Dropout(0.6).forward(x, evaluation), x));
  ForwardContext ctx = training();
  CHECK(same(nn::Dropout(0).forward(x, ctx), x));
}

TEST_CASE("Dropout: each call of a pass and each step draws anew, a repeated step the same",
          "[nn]") {
  const nn::Dropout dropout(0.5);
  const Variable x(Tensor::full({1000}, 1));
  ForwardContext ctx = training();
  const std::vector<double> first = values(dropout.forward(x, ctx).value());
  const std::vector<double> second = values(dropout.forward(x, ctx).value());
  ForwardContext again = training();
  ForwardContext next = training(1);
  CHECK(first != second);
  CHECK(values(dropout.forward(x, again).value()) == first);
  CHECK(values(dropout.forward(x, next).value()) != first);
}

TEST_CASE("Dropout: sparse features stay sparse", "[nn]") {
  const nn::Dropout dropout(0.5);
  const sparse::CsrMatrix matrix(3, {0, 2, 2, 3}, {0, 2, 1}, Tensor::full({3}, 1));
  const nn::Features x = matrix;
  ForwardContext ctx = training();
  const nn::Features y = dropout.forward(x, ctx);
  REQUIRE(std::holds_alternative<sparse::CsrMatrix>(y));
  for (const double value : values(std::get<sparse::CsrMatrix>(y).values())) {
    CHECK((value == 0 || value == 2));
  }
}

TEST_CASE("Dropout: refuses a probability below 0 and from 1 on", "[nn]") {
  CHECK(testing::message_of<InvalidArgument>([] { const nn::Dropout dropout(1); }) ==
        "Dropout: p must be in [0, 1), got 1");
  CHECK_THROWS_AS(nn::Dropout(-0.1), InvalidArgument);
  CHECK_THROWS_AS(nn::Dropout(std::numeric_limits<double>::quiet_NaN()), InvalidArgument);
}
