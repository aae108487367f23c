#include <algorithm>
#include <utility>

#include "train/abbreviated.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/parameter_snapshot.hpp>

namespace attune::train {

using core::Tensor;
using core::text;

namespace {

const Tensor* find(const std::vector<NamedTensor>& tensors, const std::string& name) {
  const auto at = std::ranges::find(tensors, name, &NamedTensor::name);
  return at == tensors.end() ? nullptr : &at->tensor;
}

std::string described(const Tensor& tensor) {
  return tensor.defined() ? text(to_string(tensor.dtype()), " ", tensor.shape().to_string())
                          : std::string("nothing");
}

void copy(const Tensor& from, Tensor& to) {
  core::dispatch(from.dtype(), [&]<class T>() {
    std::ranges::copy(from.data<T>(), to.mutable_data<T>().begin());
  });
}

}  // namespace

void require_matching(const std::vector<nn::NamedParameter>& parameters,
                      const std::vector<NamedTensor>& tensors, const char* who) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string& name = tensors[i].name;
    if (std::ranges::find(parameters, name, &nn::NamedParameter::name) == parameters.end()) {
      throw InvalidArgument(text(who, ": ", abbreviated(name), " is no parameter of this model"));
    }
    if (find(tensors, name) != &tensors[i].tensor) {
      throw InvalidArgument(text(who, ": ", abbreviated(name), " comes twice"));
    }
  }
  for (const nn::NamedParameter& parameter : parameters) {
    const Tensor* const tensor = find(tensors, parameter.name);
    if (tensor == nullptr) {
      throw InvalidArgument(text(who, ": ", parameter.name, " is missing"));
    }
    const Tensor& value = parameter.variable.value();
    if (!tensor->defined() || tensor->shape() != value.shape() ||
        tensor->dtype() != value.dtype()) {
      throw ShapeError(text(who, ": ", parameter.name, " must be ", described(value), ", got ",
                            described(*tensor)));
    }
  }
}

void load_parameters(const std::vector<nn::NamedParameter>& parameters,
                     const std::vector<NamedTensor>& tensors, const char* who) {
  require_matching(parameters, tensors, who);
  for (nn::NamedParameter parameter : parameters) {
    copy(*find(tensors, parameter.name), parameter.variable.mutable_value());
  }
}

ParameterSnapshot::ParameterSnapshot(std::vector<nn::NamedParameter> parameters)
    : parameters_(std::move(parameters)) {
  for (const nn::NamedParameter& parameter : parameters_) {
    copies_.push_back({parameter.name, parameter.variable.value().clone()});
  }
}

void ParameterSnapshot::take() {
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    copy(parameters_[i].variable.value(), copies_[i].tensor);
  }
}

void ParameterSnapshot::restore() {
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    copy(copies_[i].tensor, parameters_[i].variable.mutable_value());
  }
}

void ParameterSnapshot::require_matching(const std::vector<NamedTensor>& tensors) const {
  train::require_matching(parameters_, tensors, "best parameters");
}

void ParameterSnapshot::load(const std::vector<NamedTensor>& tensors) {
  require_matching(tensors);
  for (NamedTensor& mine : copies_) {
    copy(*find(tensors, mine.name), mine.tensor);
  }
}

}  // namespace attune::train
