#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/dense_alignment.hpp"
#include "support/tensors.hpp"
#include <attune/align/mmd.hpp>
#include <attune/core/error.hpp>

namespace attune::testing {

using core::Tensor;

TEST_CASE("mmd: two points at distance d have 2 - 2 exp(-d^2 / 2)", "[align]") {
  const Variable q(Tensor::from(std::vector<double>{0, 0}, {1, 1, 2}));
  const Variable k(Tensor::from(std::vector<double>{3, 4}, {1, 1, 2}));
  CHECK(align::mmd({.queries = q, .keys = k}, {.sigma = 5}).value().item() ==
        Approx(2 - 2 * std::exp(-0.5)).epsilon(1e-14));
}

TEST_CASE("mmd: is zero between a cloud and itself", "[align]") {
  const Variable x = random_leaf({150, 3, 5}, 1, core::DType::f32);
  const Variable loss = align::mmd({.queries = x, .keys = x});
  CHECK(loss.value().item() < 1e-6);
  CHECK(loss.value().item() >= 0);
}

TEST_CASE("mmd: streamed tiles agree with the dense definition", "[align]") {
  const Variable q = random_leaf({300, 1, 6}, 1);
  const Variable k = random_leaf({211, 1, 6}, 2);
  DenseMatrix<double> a(300, 6);
  DenseMatrix<double> b(211, 6);
  a.values = values(q.value());
  b.values = values(k.value());
  const DenseMmd<double> expected = dense_mmd(a, b, true);
  const Variable loss = align::mmd({.queries = q, .keys = k});
  CHECK(loss.value().item() == Approx(expected.loss).epsilon(1e-12));
  autograd::backward(loss);
  const auto largest_difference = [](const Tensor& found, const DenseMatrix<double>& wanted) {
    return max_difference(found, Tensor::from(wanted.values, found.shape()));
  };
  CHECK(largest_difference(q.grad(), expected.grads[0]) < 1e-14);
  CHECK(largest_difference(k.grad(), expected.grads[1]) < 1e-14);
}

TEST_CASE("mmd: far from the origin loses no more than the points themselves", "[align]") {
  const Tensor near = random_tensor({100, 1, 4}, 1);
  const auto moved = [&](double shift, std::uint64_t seed) {
    Tensor x = random_tensor({100, 1, 4}, seed);
    for (double& value : x.mutable_data<double>()) {
      value = std::round(value * 64) / 64 + shift;  // exact in float32 where shifted by 1024
    }
    return Variable(x.to(core::DType::f32));
  };
  const double here = align::mmd({.queries = moved(0, 1), .keys = moved(0, 2)}).value().item();
  const double there =
      align::mmd({.queries = moved(1024, 1), .keys = moved(1024, 2)}).value().item();
  CHECK(there == Approx(here).epsilon(1e-5));
}

TEST_CASE("mmd: gradients", "[align][gradient]") {
  const Variable q = random_leaf({7, 2, 3}, 1);
  const Variable k = random_leaf({70, 2, 3}, 2);
  require_gradients([&] { return align::mmd({.queries = q, .keys = k}, {.sigma = 0.7}); },
                    {{"queries", q}, {"keys", k}});
}

TEST_CASE("mmd: refuses a width that is not positive", "[align]") {
  const Variable x = random_leaf({5, 1, 2}, 1);
  const double sigma = GENERATE(0.0, -1.0, HUGE_VAL, std::nan(""));
  CHECK_THROWS_WITH((void)align::mmd({.queries = x, .keys = x}, {.sigma = sigma}),
                    Catch::StartsWith("align::mmd: sigma must be positive and finite, got "));
}

TEST_CASE("median_distance: of two points is their distance, always the same", "[align]") {
  const Variable q(Tensor::from(std::vector<double>{0, 0}, {1, 1, 2}));
  const Variable k(Tensor::from(std::vector<double>{3, 4}, {1, 1, 2}));
  CHECK(align::median_distance({.queries = q, .keys = k}) == 5);
  const Variable x = random_leaf({50, 2, 3}, 1);
  const Variable y = random_leaf({60, 2, 3}, 2);
  const double median = align::median_distance({.queries = x, .keys = y});
  CHECK(median == align::median_distance({.queries = x, .keys = y}));
  // |x - y| of standard normal points of three channels has its median at 2.18.
  CHECK(median == Approx(2.18).margin(0.15));
}

TEST_CASE("median_distance: refuses points that coincide and clouds without points", "[align]") {
  const Variable x(Tensor::zeros({5, 1, 2}));
  CHECK(message_of<InvalidArgument>([&] {
          (void)align::median_distance({.queries = x, .keys = x});
        }) == "align::median_distance: expected points that differ, the median is 0");
  const Variable none(Tensor::zeros({0, 1, 2}));
  CHECK(message_of<InvalidArgument>([&] {
          (void)align::median_distance({.queries = none, .keys = none});
        }) == "align::median_distance: no sample has a valid query and a valid key");
}

// Eight channels have a loop of their own in float32.
TEST_CASE("mmd: gradients in float32 are those in float64, whatever the channels", "[align]") {
  const std::int64_t channels = GENERATE(5, 7, 8, 9, 16);
  const std::int64_t positions = GENERATE(3, 64, 150);
  CAPTURE(channels, positions);
  const auto gradients = [&](core::DType dtype) {
    const Variable q(random_tensor({positions, 2, channels}, 1).to(dtype), true);
    const Variable k(random_tensor({positions + 1, 2, channels}, 2).to(dtype), true);
    autograd::backward(align::mmd({.queries = q, .keys = k}, {.sigma = 2}));
    return std::vector<core::Tensor>{q.grad().to(core::DType::f64), k.grad().to(core::DType::f64)};
  };
  const std::vector<core::Tensor> exact = gradients(core::DType::f64);
  const std::vector<core::Tensor> rounded = gradients(core::DType::f32);
  for (std::size_t side = 0; side < 2; ++side) {
    double largest = 0;
    for (const double value : values(exact[side])) {
      largest = std::max(largest, std::abs(value));
    }
    CHECK(max_difference(exact[side], rounded[side]) < 6e-5 * largest);
  }
}

}  // namespace attune::testing
