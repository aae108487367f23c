#pragma once

#include <functional>
#include <string>
#include <vector>

#include <attune/autograd/variable.hpp>

namespace attune::autograd {

/// Settings of check_gradients().
struct GradientCheckOptions {
  double step = 1e-6;       ///< of the central difference
  double tolerance = 1e-6;  ///< on |analytic - numeric| / max(1, |numeric|)
};

/// What check_gradients() found.
struct GradientCheckResult {
  bool passed = true;  ///< no element is off by more than the tolerance
  double worst = 0;    ///< largest error, relative as in `tolerance`
  std::string where;   ///< input and index of the worst element, with both derivatives
};

/// A variable to differentiate by, with a name for the message.
struct NamedInput {
  std::string name;   ///< opens GradientCheckResult::where
  Variable variable;  ///< float64 leaf with requires_grad
};

/// Compares the recorded derivatives of a scalar function with central differences, element by
/// element. `f` must compute the same function at every call: seed its random numbers.
/// @throws ShapeError  an input is not float64
GradientCheckResult check_gradients(const std::function<Variable()>& f,
                                    std::vector<NamedInput> inputs,
                                    const GradientCheckOptions& options = {});

}  // namespace attune::autograd
