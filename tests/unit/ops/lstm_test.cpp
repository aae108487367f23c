#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/lstm.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using Numbers = std::vector<std::int64_t>;

namespace {

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

TEST_CASE("lstm: two steps of one channel worked out by hand", "[ops]") {
  const Variable x(Tensor::from<double>({1, 2, 3, 4, -1, 0.5, 2, 0}, {2, 4}));
  const Variable u(Tensor::from<double>({0.5, -1, 2, 1}, {1, 4}));
  const std::vector<double> h = testing::values(ops::lstm(x, u, Numbers{0, 2}).value());
  const double c0 = sigmoid(1) * std::tanh(3);
  const double h0 = sigmoid(4) * std::tanh(c0);
  const double c1 = sigmoid(0.5 - h0) * c0 + sigmoid(-1 + 0.5 * h0) * std::tanh(2 + 2 * h0);
  CHECK(h[0] == Approx(h0).epsilon(1e-12));
  CHECK(h[1] == Approx(sigmoid(h0) * std::tanh(c1)).epsilon(1e-12));
}

TEST_CASE("lstm: derivatives agree with central differences", "[ops][gradient]") {
  const Variable x = random_leaf({9, 12}, 1);
  const Variable u = random_leaf({3, 12}, 2);
  // Of different lengths, not in their order, one empty.
  const Numbers segments = GENERATE(Numbers{0, 2, 2, 6, 9}, Numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  testing::require_gradients([&] { return testing::weighted_sum(ops::lstm(x, u, segments)); },
                             {{"x", x}, {"u", u}});
}

TEST_CASE("lstm: a sample alone has the states that it has among others", "[ops][property]") {
  const Variable x = random_leaf({9, 12}, 1);
  const Variable u = random_leaf({3, 12}, 2);
  const std::vector<double> all = testing::values(ops::lstm(x, u, Numbers{0, 2, 6, 9}).value());
  const Variable alone(
      Tensor::from<double>(x.value().data<double>().subspan(2 * 12, 4 * 12), {4, 12}));
  const std::vector<double> one = testing::values(ops::lstm(alone, u, Numbers{0, 4}).value());
  for (std::size_t i = 0; i < one.size(); ++i) {
    CHECK(all[6 + i] == Approx(one[i]).epsilon(1e-12));
  }
}

TEST_CASE("lstm: same bits on any number of threads", "[ops][property]") {
  Numbers segments = {0};
  for (std::int64_t s = 0; s < 40; ++s) {
    segments.push_back(segments.back() + (s * 7) % 13);
  }
  testing::require_same_bits_on_any_threads([&] {
    const Variable x = random_leaf({segments.back(), 4 * 96}, 1, DType::f32);
    const Variable u = random_leaf({96, 4 * 96}, 2, DType::f32);
    const Variable y = ops::lstm(x, u, segments);
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{y.value(), x.grad(), u.grad()};
  });
}

TEST_CASE("lstm: no rows yield no rows", "[ops]") {
  const Variable u = random_leaf({3, 12}, 2);
  CHECK(ops::lstm(Variable(Tensor::zeros({0, 12}, DType::f64)), u, Numbers{0, 0}).shape() ==
        core::Shape{0, 3});
}

TEST_CASE("lstm: says what does not fit", "[ops]") {
  const Variable x(Tensor::zeros({3, 8}));
  const Variable u(Tensor::zeros({2, 8}));
  CHECK(message_of<ShapeError>([&] {
          (void)ops::lstm(x, Variable(Tensor::zeros({2, 6})), Numbers{0, 3});
        }) == "ops::lstm: u must be [channels, 4 channels], got [2, 6]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::lstm(Variable(Tensor::zeros({3, 7})), u, Numbers{0, 3});
        }) == "ops::lstm: x must be [3, 8], got [3, 7]");
  CHECK(message_of<InvalidArgument>([&] {
          (void)ops::lstm(x, u, Numbers{0, 2});
        }) == "ops::lstm: segments must ascend from 0 to 3");
}
