#include "support/parameters.hpp"

#include <catch2/catch.hpp>

#include "support/tensors.hpp"

namespace attune::testing {

Variable parameter(const nn::Module& module, std::string_view name) {
  for (const nn::NamedParameter& candidate : module.parameters()) {
    if (candidate.name == name) {
      return candidate.variable;
    }
  }
  FAIL("no parameter is named " << name);
  return {};
}

std::vector<autograd::NamedInput> all_parameters(const nn::Module& module) {
  std::vector<autograd::NamedInput> inputs;
  for (const nn::NamedParameter& named : module.parameters()) {
    inputs.push_back({named.name, named.variable});
  }
  return inputs;
}

void randomize(nn::Module& module, std::uint64_t seed, double scale) {
  for (nn::NamedParameter& named : module.parameters()) {
    core::Tensor drawn = random_tensor(named.variable.shape(), seed++);
    for (double& value : drawn.mutable_data<double>()) {
      value *= scale;
    }
    named.variable.set_value(drawn.to(named.variable.dtype()));
  }
}

void zero_grad(const nn::Module& module) {
  for (nn::NamedParameter& named : module.parameters()) {
    named.variable.zero_grad();
  }
}

}  // namespace attune::testing
