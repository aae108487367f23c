#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "parity/align/align_fixture.hpp"
#include <attune/align/ot.hpp>

namespace attune::testing {

namespace {

align::OtOptions options_of(const std::string& name, align::OtGradient gradient) {
  align::OtOptions options;
  options.ot_gradient = gradient;
  if (name == "ot_rect") {
    options.eps = 0.05;
  } else if (name == "ot_cosine") {
    options.eps = 0.1;
    options.ot_cost = align::OtCost::cosine;
  }
  return options;
}

}  // namespace

TEST_CASE("ot: converged losses and gradients are the reference's", "[align][parity]") {
  const std::string name =
      GENERATE("ot_small", "ot_masked", "ot_rect", "ot_one", "ot_tiles", "ot_gathead", "ot_cosine");
  const auto gradient = GENERATE(align::OtGradient::plan, align::OtGradient::exact);
  const Tolerance tolerance = GENERATE(kFloat, kDouble);
  CAPTURE(name, tolerance.loss, static_cast<int>(gradient));
  const AlignFixture fixture(name, tolerance.dtype);
  align::OtOptions options = options_of(name, gradient);
  options.ot_iterations = tolerance.dtype == core::DType::f32 ? 400 : 20000;
  options.ot_tolerance = tolerance.dtype == core::DType::f32 ? 1e-7 : 1e-14;
  align::OtReport report;
  const Variable loss = align::ot(fixture.clouds(), options, &report);
  autograd::backward(loss);

  CAPTURE(fixture.loss(), loss.value().item());
  CHECK(std::abs(loss.value().item() - fixture.loss()) <= tolerance.loss * fixture.loss());
  require_close(report.per_head, fixture.per_head(), tolerance.loss, "terms");
  fixture.require_cloud_gradients(
      tolerance.gradient, gradient == align::OtGradient::plan ? "grad_fixed_" : "grad_exact_");
}

// What the stopping rule leaves, not rounding: the same in float64.
TEST_CASE("ot: a hundred pairs come within a thousandth of the reference", "[align][parity]") {
  const std::string name = GENERATE("ot_small", "ot_masked", "ot_tiles", "ot_gathead");
  const auto dtype = GENERATE(core::DType::f32, core::DType::f64);
  CAPTURE(name, core::to_string(dtype));
  const AlignFixture fixture(name, dtype);
  const Variable loss = align::ot(fixture.clouds(), {.ot_tolerance = 1e-30});
  autograd::backward(loss);
  CHECK(loss.value().item() == Approx(fixture.loss()).epsilon(5e-4));
  fixture.require_cloud_gradients(2e-3, "grad_fixed_");
}

TEST_CASE("ot: the default tolerance costs the loss a thousandth, the gradient a twentieth",
          "[align][parity]") {
  const std::string name = GENERATE("ot_small", "ot_masked", "ot_tiles", "ot_gathead");
  CAPTURE(name);
  const AlignFixture fixture(name, core::DType::f32);
  align::OtReport report;
  const Variable loss = align::ot(fixture.clouds(), {}, &report);
  autograd::backward(loss);
  CHECK(loss.value().item() == Approx(fixture.loss()).epsilon(1e-3));
  fixture.require_cloud_gradients(0.05, "grad_fixed_");
}

}  // namespace attune::testing
