#pragma once

#include <string_view>
#include <vector>

#include <attune/autograd/gradient_check.hpp>
#include <attune/nn/module.hpp>

namespace attune::testing {

/// The parameter of that name; fails the running test if there is none.
[[nodiscard]] Variable parameter(const nn::Module& module, std::string_view name);

/// Every parameter, for require_gradients().
[[nodiscard]] std::vector<autograd::NamedInput> all_parameters(const nn::Module& module);

/// Draws every parameter anew, standard normal times `scale`: nothing stays at zero.
void randomize(nn::Module& module, std::uint64_t seed, double scale = 0.5);

void zero_grad(const nn::Module& module);

}  // namespace attune::testing
