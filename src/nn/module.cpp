#include <utility>

#include <attune/nn/module.hpp>

namespace attune::nn {

std::vector<NamedParameter> Module::parameters() const {
  std::vector<NamedParameter> all = own_;
  for (const Child& child : children_) {
    for (NamedParameter& parameter : child.module->parameters()) {
      all.push_back({child.name + "." + parameter.name, std::move(parameter.variable)});
    }
  }
  return all;
}

std::int64_t Module::num_parameters() const {
  std::int64_t count = 0;
  for (const NamedParameter& parameter : parameters()) {
    count += parameter.variable.value().num_elements();
  }
  return count;
}

void Module::to(core::DType dtype) {
  for (NamedParameter& parameter : parameters()) {
    parameter.variable.set_value(parameter.variable.value().to(dtype));
  }
}

Variable Module::register_parameter(std::string name, core::Tensor value) {
  own_.push_back({std::move(name), Variable(std::move(value), true)});
  return own_.back().variable;
}

void Module::register_module(std::string name, Module& child) {
  children_.push_back({std::move(name), &child});
}

}  // namespace attune::nn
