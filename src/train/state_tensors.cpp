#include "train/state_tensors.hpp"

#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::train {

namespace {

const std::string kFirstMoment = "first_moment.";
const std::string kSecondMoment = "second_moment.";
const std::string kStep = "step.";

}  // namespace

void put_tensors(const std::string& prefix, std::span<const NamedTensor> tensors,
                 Safetensors& content) {
  for (const NamedTensor& named : tensors) {
    content.tensors.emplace(prefix + named.name, named.tensor);
  }
}

std::vector<NamedTensor> tensors_under(const Safetensors& content, const std::string& prefix) {
  std::vector<NamedTensor> tensors;
  for (const auto& [name, tensor] : content.tensors) {
    if (name.starts_with(prefix)) {
      tensors.push_back({name.substr(prefix.size()), tensor});
    }
  }
  return tensors;
}

void put_optimizer(std::span<const optim::AdamParameterState> optimizer, Safetensors& content) {
  for (const optim::AdamParameterState& parameter : optimizer) {
    content.tensors.emplace(kFirstMoment + parameter.name, parameter.first_moment);
    content.tensors.emplace(kSecondMoment + parameter.name, parameter.second_moment);
    content.integers.emplace(kStep + parameter.name,
                             IntegerTensor{core::Shape(), {parameter.step}});
  }
}

std::vector<optim::AdamParameterState> optimizer_in(const Safetensors& content,
                                                    const std::string& path) {
  std::vector<optim::AdamParameterState> optimizer;
  for (NamedTensor& first : tensors_under(content, kFirstMoment)) {
    const auto second = content.tensors.find(kSecondMoment + first.name);
    const auto step = content.integers.find(kStep + first.name);
    if (second == content.tensors.end() || step == content.integers.end() ||
        step->second.values.size() != 1) {
      throw FileError(path, core::text("expected ", kFirstMoment, ", ", kSecondMoment, " and ",
                                       kStep, " of each parameter"));
    }
    optimizer.push_back({.name = std::move(first.name),
                         .step = step->second.values[0],
                         .first_moment = std::move(first.tensor),
                         .second_moment = second->second});
  }
  return optimizer;
}

}  // namespace attune::train
