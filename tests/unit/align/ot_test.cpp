#include <cmath>

#include <catch2/catch.hpp>

#include "support/dense_alignment.hpp"
#include "support/tensors.hpp"
#include <attune/align/ot.hpp>
#include <attune/core/error.hpp>

namespace attune::testing {

using core::Tensor;

namespace {

// Points whose last channel is 0 for queries and 1 for keys: it adds 1/2 to every cost, and the
// gradient of a point in it is minus or plus its marginal.
Variable marked(std::int64_t count, std::uint64_t seed, double mark, core::DType dtype,
                double scale = 0.5) {
  Tensor x = random_tensor({count, 1, 4}, seed);
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t c = 0; c < 4; ++c) {
      double& value = x.mutable_data<double>()[i * 4 + c];
      value = c == 3 ? mark : scale * value;
    }
  }
  return Variable(x.to(dtype), true);
}

std::vector<double> marginals(const Variable& points, double sign) {
  std::vector<double> found;
  const std::vector<double> grad = values(points.grad());
  for (std::size_t i = 3; i < grad.size(); i += 4) {
    found.push_back(sign * grad[i]);
  }
  return found;
}

Variable scaled_leaf(const core::Shape& shape, std::uint64_t seed, double scale,
                     core::DType dtype = core::DType::f64) {
  Tensor x = random_tensor(shape, seed);
  for (double& value : x.mutable_data<double>()) {
    value *= scale;
  }
  return Variable(x.to(dtype), true);
}

}  // namespace

TEST_CASE("ot: columns of the plan are exact, rows within the tolerance", "[align]") {
  const auto dtype = GENERATE(core::DType::f32, core::DType::f64);
  const double tolerance = GENERATE(1e-1, 1e-3);
  CAPTURE(core::to_string(dtype), tolerance);
  const Variable q = marked(90, 1, 0, dtype);
  const Variable k = marked(130, 2, 1, dtype);
  align::OtReport report;
  autograd::backward(align::ot({.queries = q, .keys = k},
                               {.eps = 0.1, .ot_iterations = 1000, .ot_tolerance = tolerance},
                               &report));
  const double rounding = dtype == core::DType::f64 ? 1e-12 : 1e-5;
  for (const double marginal : marginals(k, 1)) {
    CHECK(130 * marginal == Approx(1).epsilon(rounding));
  }
  double error = 0;
  for (const double marginal : marginals(q, -1)) {
    error += std::abs(marginal - 1.0 / 90);
  }
  CHECK(error < tolerance + rounding);
  CHECK(error > 0);
  CHECK(report.marginal_error.item() == Approx(error).margin(10 * rounding));
}

TEST_CASE("ot: streamed sweeps agree with the dense definition", "[align]") {
  // The second are too many tiles for their products to be kept.
  const bool large = GENERATE(false, true);
  CAPTURE(large);
  const std::int64_t n = large ? 65 : 150;
  const std::int64_t m = large ? 8200 : 211;
  const double eps = large ? 1 : 0.2;
  const std::int64_t pairs = large ? 100 : 3000;
  const Variable q = scaled_leaf({n, 1, 5}, 1, 0.5);
  const Variable k = scaled_leaf({m, 1, 5}, 2, 0.5);
  DenseMatrix<double> x(n, 5);
  DenseMatrix<double> y(m, 5);
  x.values = values(q.value());
  y.values = values(k.value());
  DenseMatrix<double> plan(0, 0);
  const double expected = dense_scaling_ot(x, y, eps, pairs, plan);
  align::OtReport report;
  const Variable loss =
      align::ot({.queries = q, .keys = k},
                {.eps = eps, .ot_iterations = pairs, .ot_tolerance = 1e-13}, &report);
  CHECK(loss.value().item() == Approx(expected).epsilon(1e-10));
  CHECK(report.pairs.item() < static_cast<double>(pairs));
}

TEST_CASE("ot: at costs of hundreds of eps agrees with the dense definition", "[align]") {
  const Variable q = scaled_leaf({40, 1, 3}, 1, 2);
  const Variable k = scaled_leaf({50, 1, 3}, 2, 2);
  DenseMatrix<double> x(40, 3);
  DenseMatrix<double> y(50, 3);
  x.values = values(q.value());
  y.values = values(k.value());
  constexpr double kEps = 0.2;
  constexpr std::int64_t kPairs = 4000;
  DenseMatrix<double> plan(0, 0);
  const double expected = dense_log_ot(x, y, kEps, kPairs, plan);
  const Variable loss = align::ot({.queries = q, .keys = k},
                                  {.eps = kEps, .ot_iterations = kPairs, .ot_tolerance = 1e-13});
  CHECK(loss.value().item() == Approx(expected).epsilon(1e-9));
}

TEST_CASE("ot: a single pair costs what it costs", "[align]") {
  const Variable q(Tensor::from(std::vector<double>{0, 0}, {1, 1, 2}));
  const Variable k(Tensor::from(std::vector<double>{3, 4}, {1, 1, 2}));
  CHECK(align::ot({.queries = q, .keys = k}).value().item() == Approx(12.5).epsilon(1e-13));
  const Variable l(Tensor::from(std::vector<double>{0, 2}, {1, 1, 2}));
  CHECK(align::ot({.queries = k, .keys = l}, {.ot_cost = align::OtCost::cosine}).value().item() ==
        Approx(1 - 0.8).epsilon(1e-13));
}

TEST_CASE("ot: one query against many keys has only one plan", "[align]") {
  const Variable q = random_leaf({1, 1, 3}, 1);
  const Variable k = random_leaf({70, 1, 3}, 2);
  const std::vector<double> x = values(q.value());
  const std::vector<double> y = values(k.value());
  double expected = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    expected += 0.5 * (x[i % 3] - y[i]) * (x[i % 3] - y[i]) / 70;
  }
  CHECK(align::ot({.queries = q, .keys = k}).value().item() == Approx(expected).epsilon(1e-12));
}

TEST_CASE("ot: the Sinkhorn divergence of a cloud with itself is zero", "[align]") {
  const Variable x = scaled_leaf({100, 2, 4}, 1, 0.5);
  const align::OtOptions options{.eps = 0.1, .ot_debias = true};
  const Variable loss = align::ot({.queries = x, .keys = x}, options);
  CHECK(std::abs(loss.value().item()) < 1e-12);
  autograd::backward(loss);
  CHECK(max_difference(x.grad(), Tensor::zeros(x.shape(), core::DType::f64)) < 1e-12);
}

// The gradient is that of the regularised optimum, so it is checked where that is the loss.
TEST_CASE("ot: gradients of the Sinkhorn divergence", "[align][gradient]") {
  const auto cost = GENERATE(align::OtCost::half_sqeuclid, align::OtCost::cosine);
  const Variable q = random_leaf({5, 1, 3}, 1);
  const Variable k = random_leaf({7, 1, 3}, 2);
  const align::OtOptions options{
      .eps = 0.5, .ot_cost = cost, .ot_iterations = 5000, .ot_tolerance = 1e-14, .ot_debias = true};
  require_gradients([&] { return align::ot({.queries = q, .keys = k}, options); },
                    {{"queries", q}, {"keys", k}});
}

TEST_CASE("ot: exact gradients", "[align][gradient]") {
  const auto cost = GENERATE(align::OtCost::half_sqeuclid, align::OtCost::cosine);
  const Variable q = random_leaf({3, 1, 2}, 1);
  const Variable k = random_leaf({66, 1, 2}, 2);
  const align::OtOptions options{.eps = 0.5,
                                 .ot_cost = cost,
                                 .ot_iterations = 5000,
                                 .ot_tolerance = 1e-14,
                                 .ot_gradient = align::OtGradient::exact};
  require_gradients([&] { return align::ot({.queries = q, .keys = k}, options); },
                    {{"queries", q}, {"keys", k}});
}

TEST_CASE("ot: the plan gradient is that of the regularised optimum", "[align]") {
  // d/dq of (OT(q,k) - OT(q,q)/2 - OT(k,k)/2) + (OT(q,q) + OT(k,k))/2, without the debiasing terms:
  // far apart single points make those vanish, and the gradient of C = |q - k|^2 / 2 is q - k.
  const Variable q(Tensor::from(std::vector<double>{1, 2}, {1, 1, 2}), true);
  const Variable k(Tensor::from(std::vector<double>{4, 6}, {1, 1, 2}), true);
  autograd::backward(align::ot({.queries = q, .keys = k}));
  const auto expected = [](double x, double y) {
    return Tensor::from(std::vector<double>{x, y}, {1, 1, 2});
  };
  CHECK(max_difference(q.grad(), expected(-3, -4)) < 1e-11);
  CHECK(max_difference(k.grad(), expected(3, 4)) < 1e-11);
}

TEST_CASE("ot: iterations that run out are no error and say so", "[align]") {
  // Costs of about fifty against eps of a hundredth, as heads of transformers have them.
  const auto dtype = GENERATE(core::DType::f32, core::DType::f64);
  CAPTURE(core::to_string(dtype));
  const Variable q = marked(60, 1, 0, dtype, 5);
  const Variable k = marked(70, 2, 1, dtype, 5);
  align::OtReport report;
  const Variable loss = align::ot({.queries = q, .keys = k}, {}, &report);
  CHECK(report.pairs.item() == 100);
  CHECK(report.marginal_error.item() > 1e-3);
  CHECK(report.marginal_error.item() < 2);  // no plan is further off
  CHECK(loss.value().item() > 0);
  autograd::backward(loss);
  for (const double marginal : marginals(k, 1)) {
    CHECK(70 * marginal == Approx(1).epsilon(dtype == core::DType::f64 ? 1e-9 : 2e-2));
  }
}

TEST_CASE("ot: eps in units of the mean cost makes the plan free of scale", "[align]") {
  const align::OtOptions options{.eps = 0.05, .eps_relative = true};
  const auto loss = [&](double scale) {
    return align::ot({.queries = scaled_leaf({40, 1, 3}, 1, scale),
                      .keys = scaled_leaf({50, 1, 3}, 2, scale)},
                     options)
        .value()
        .item();
  };
  CHECK(loss(8) == Approx(64 * loss(1)).epsilon(1e-12));
}

TEST_CASE("ot: points that coincide cost nothing, relative eps included", "[align]") {
  const bool relative = GENERATE(false, true);
  const Variable x(Tensor::full({9, 1, 3}, 0.25, core::DType::f64), true);
  const Variable y(Tensor::full({4, 1, 3}, 0.25, core::DType::f64), true);
  const Variable loss = align::ot({.queries = x, .keys = y}, {.eps_relative = relative});
  CHECK(loss.value().item() == 0);
  autograd::backward(loss);
  CHECK(max_difference(x.grad(), Tensor::zeros(x.shape(), core::DType::f64)) < 1e-15);
}

TEST_CASE("ot: zero vectors cost one to everything under the cosine", "[align]") {
  const Variable q(Tensor::zeros({5, 1, 3}, core::DType::f64), true);
  const Variable k = random_leaf({4, 1, 3}, 2);
  const Variable loss = align::ot({.queries = q, .keys = k}, {.ot_cost = align::OtCost::cosine});
  CHECK(loss.value().item() == Approx(1).epsilon(1e-14));
  autograd::backward(loss);
  for (const double value : values(q.grad())) {
    CHECK(std::isfinite(value));
  }
}

TEST_CASE("ot: refuses options out of range", "[align]") {
  const Variable x = random_leaf({5, 1, 2}, 1);
  const align::Clouds clouds{.queries = x, .keys = x};
  CHECK(message_of<InvalidArgument>([&] { (void)align::ot(clouds, {.eps = 0}); }) ==
        "align::ot: eps must be positive and finite, got 0");
  CHECK(message_of<InvalidArgument>([&] { (void)align::ot(clouds, {.eps = -1}); }) ==
        "align::ot: eps must be positive and finite, got -1");
  CHECK(message_of<InvalidArgument>([&] { (void)align::ot(clouds, {.ot_tolerance = 0}); }) ==
        "align::ot: ot_tolerance must be positive and finite, got 0");
  CHECK(message_of<InvalidArgument>([&] { (void)align::ot(clouds, {.ot_iterations = 0}); }) ==
        "align::ot: ot_iterations must be at least 1, got 0");
}

}  // namespace attune::testing
