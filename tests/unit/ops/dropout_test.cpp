#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/dropout.hpp>

using namespace attune;
using core::RandomStream;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using testing::values;

namespace {

const RandomStream kStream(7, core::Purpose::dropout, 3, 11);

// The definition, one element at a time.
bool dropped(const RandomStream& stream, std::uint32_t threshold, std::uint64_t i) {
  const std::uint32_t word = stream.block(i / 8)[i / 2 % 4];
  return (i % 2 == 0 ? word & 0xFFFFU : word >> 16) < threshold;
}

}  // namespace

TEST_CASE("dropout: element i falls by lane i of the stream", "[ops]") {
  const core::DType dtype = GENERATE(core::DType::f32, core::DType::f64);
  const std::int64_t n = GENERATE(1, 2, 15, 4097, 40001);  // one task, then several
  CAPTURE(n, core::to_string(dtype));
  const Variable x = random_leaf({n}, 1, dtype);
  const ops::DropoutRate rate = ops::DropoutRate::of(0.6, "test");
  const std::vector<double> in = values(x.value());
  const std::vector<double> out = values(ops::dropout(x, 0.6, kStream).value());
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (dropped(kStream, rate.threshold, i)) {
      REQUIRE(out[i] == 0);
    } else {
      REQUIRE(out[i] == Approx(in[i] * rate.scale));
    }
  }
}

TEST_CASE("dropout: drops the given share and keeps the mean", "[ops]") {
  const double p = GENERATE(0.1, 0.5, 0.6, 0.95);
  constexpr std::int64_t kElements = 400000;
  const Variable ones(Tensor::full({kElements}, 1));
  double zeros = 0;
  double sum = 0;
  for (const double y : values(ops::dropout(ones, p, kStream).value())) {
    zeros += y == 0 ? 1 : 0;
    sum += y;
  }
  // Five standard deviations of a binomial share.
  const double slack = 5 * std::sqrt(p * (1 - p) / kElements);
  CHECK(std::abs(zeros / kElements - p) < slack);
  CHECK(std::abs(sum / kElements - 1) < slack / (1 - p));
}

TEST_CASE("dropout: derivatives agree with central differences", "[ops][gradient]") {
  const Variable x = random_leaf({6, 7}, 1);
  testing::require_gradients([&] { return testing::weighted_sum(ops::dropout(x, 0.4, kStream)); },
                             {{"x", x}});
}

TEST_CASE("dropout: a kept zero still passes its gradient on", "[ops]") {
  const Variable x(Tensor::zeros({100}), true);
  const Variable y = ops::dropout(x, 0.5, kStream);
  backward(y, Tensor::full({100}, 1));
  const std::vector<double> grad = values(x.grad());
  for (std::size_t i = 0; i < grad.size(); ++i) {
    CHECK(grad[i] == (dropped(kStream, 32768, i) ? 0 : 2));
  }
}

TEST_CASE("dropout: other streams and other steps drop other elements", "[ops]") {
  const Variable ones(Tensor::full({1000}, 1));
  const std::vector<double> once = values(ops::dropout(ones, 0.5, kStream).value());
  CHECK(values(ops::dropout(ones, 0.5, kStream).value()) == once);
  CHECK(values(ops::dropout(ones, 0.5, kStream.with_stream(4)).value()) != once);
  CHECK(values(ops::dropout(ones, 0.5, kStream.at_step(12)).value()) != once);
}

TEST_CASE("dropout: with probability zero it is the input itself", "[ops]") {
  const Variable x = random_leaf({5}, 1);
  CHECK(same(ops::dropout(x, 0, kStream), x));
}

TEST_CASE("dropout: a dropped NaN is gone, a kept one stays", "[ops]") {
  const Variable x(Tensor::full({1000}, std::numeric_limits<double>::quiet_NaN()));
  const std::vector<double> y = values(ops::dropout(x, 0.5, kStream).value());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const bool gone = dropped(kStream, 32768, i);
    REQUIRE(std::isnan(y[i]) == !gone);
  }
}

TEST_CASE("dropout: no elements are fine", "[ops]") {
  const Variable x = random_leaf({0, 3}, 1);
  const Variable y = ops::dropout(x, 0.5, kStream);
  backward(testing::weighted_sum(y));
  CHECK(x.grad().shape() == core::Shape{0, 3});
}

TEST_CASE("dropout: refuses a probability below 0 and from 1 on", "[ops]") {
  const Variable x(Tensor::zeros({3}));
  CHECK(message_of<InvalidArgument>([&] { (void)ops::dropout(x, 1, kStream); }) ==
        "ops::dropout: p must be in [0, 1), got 1");
  CHECK_THROWS_AS((void)ops::dropout(x, -0.1, kStream), InvalidArgument);
  CHECK_THROWS_AS((void)ops::dropout(x, std::numeric_limits<double>::quiet_NaN(), kStream),
                  InvalidArgument);
}

TEST_CASE("DropoutRate: rounds to 16 bits, below one, with the exact inverse", "[ops]") {
  CHECK(ops::DropoutRate::of(0.5, "test").threshold == 32768);
  CHECK(ops::DropoutRate::of(0.5, "test").scale == 2);
  CHECK(ops::DropoutRate::of(0.6, "test").threshold == 39322);
  CHECK(ops::DropoutRate::of(0.6, "test").scale == 65536.0 / (65536 - 39322));
  CHECK(ops::DropoutRate::of(0.9999999, "test").threshold == 65535);
  CHECK_FALSE(ops::DropoutRate::of(0, "test").active());
  CHECK_FALSE(ops::DropoutRate::of(1e-9, "test").active());
}

TEST_CASE("dropout: same bits on 1, 2 and 8 threads", "[ops][property]") {
  const Variable x = random_leaf({2708, 64}, 1, core::DType::f32);
  testing::require_same_bits_on_any_threads([&] {
    Variable a = x;
    a.zero_grad();
    const Variable y = ops::dropout(a, 0.6, kStream);
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{y.value(), a.grad()};
  });
}
