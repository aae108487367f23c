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

std::vector<NamedParameter> Module::buffers() const {
  std::vector<NamedParameter> all = own_buffers_;
  for (const Child& child : children_) {
    for (NamedParameter& buffer : child.module->buffers()) {
      all.push_back({child.name + "." + buffer.name, std::move(buffer.variable)});
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
  for (const std::vector<NamedParameter>& all : {parameters(), buffers()}) {
    for (NamedParameter each : all) {
      each.variable.set_value(each.variable.value().to(dtype));
    }
  }
}

Variable Module::register_parameter(std::string name, core::Tensor value) {
  own_.push_back({std::move(name), Variable(std::move(value), true)});
  return own_.back().variable;
}

Variable Module::register_buffer(std::string name, core::Tensor value) {
  own_buffers_.push_back({std::move(name), Variable(std::move(value))});
  return own_buffers_.back().variable;
}

void Module::register_module(std::string name, Module& child) {
  children_.push_back({std::move(name), &child});
}

}  // namespace attune::nn
