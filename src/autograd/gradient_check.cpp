#include <algorithm>
#include <cmath>

#include <attune/autograd/gradient_check.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::autograd {
namespace {

double numeric_derivative(const std::function<Variable()>& f, double& element, double step) {
  const NoGradScope no_grad;
  const double at = element;
  element = at + step;
  const double above = f().value().item();
  element = at - step;
  const double below = f().value().item();
  element = at;
  return (above - below) / (2 * step);
}

}  // namespace

GradientCheckResult check_gradients(const std::function<Variable()>& f,
                                    std::vector<NamedInput> inputs,
                                    const GradientCheckOptions& options) {
  for (NamedInput& input : inputs) {
    if (input.variable.dtype() != core::DType::f64) {
      throw ShapeError(core::text("check_gradients: expected float64 for ", input.name));
    }
    // The elements are nudged in place: nobody else may be looking at them.
    input.variable.set_value(input.variable.value().clone());
    input.variable.zero_grad();
  }
  backward(f());
  GradientCheckResult result;
  for (NamedInput& input : inputs) {
    core::Tensor grad = input.variable.grad();
    if (!grad.defined()) {
      grad = core::Tensor::zeros(input.variable.shape(), core::DType::f64);
    }
    const std::span<double> elements = input.variable.mutable_value().mutable_data<double>();
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const double numeric = numeric_derivative(f, elements[i], options.step);
      const double analytic = grad.data<double>()[i];
      const double error = std::abs(analytic - numeric) / std::max(1.0, std::abs(numeric));
      if (!(error <= result.worst) && !std::isnan(result.worst)) {  // the first NaN stays
        result.worst = error;
        result.where =
            core::text(input.name, "[", i, "]: recorded ", analytic, ", numeric ", numeric);
      }
    }
  }
  result.passed = result.worst <= options.tolerance;
  return result;
}

}  // namespace attune::autograd
