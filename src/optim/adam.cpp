#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include "optim/adam_kernel.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/optim/adam.hpp>

namespace attune::optim {

using core::Tensor;
using core::text;

namespace {

constexpr std::int64_t kGrain = 8192;  // elements a task: four arrays of 32 KiB, ~10 us

void require_at_least_zero(std::string_view what, double value) {
  if (!(value >= 0) || !std::isfinite(value)) {
    throw InvalidArgument(text("Adam: ", what, " must be finite and at least 0, got ", value));
  }
}

void require_decay_rate(std::string_view what, double value) {
  if (!(value >= 0 && value < 1)) {
    throw InvalidArgument(text("Adam: ", what, " must be in [0, 1), got ", value));
  }
}

void require_like_parameter(const std::string& name, const char* what, const Tensor& tensor,
                            const Tensor& parameter) {
  if (!tensor.defined() || tensor.shape() != parameter.shape() ||
      tensor.dtype() != parameter.dtype()) {
    throw ShapeError(text("Adam: ", what, " of ", name, " must be ", to_string(parameter.dtype()),
                          " ", parameter.shape().to_string(), ", got ",
                          tensor.defined() ? to_string(tensor.dtype()) : "nothing", " ",
                          tensor.defined() ? tensor.shape().to_string() : ""));
  }
}

template <std::floating_point T>
AdamCoefficients<T> coefficients(const AdamOptions& options, double learning_rate,
                                 double weight_decay, std::int64_t step) {
  const auto t = static_cast<double>(step);
  return {.beta1 = static_cast<T>(options.beta1),
          .one_minus_beta1 = static_cast<T>(1 - options.beta1),
          .beta2 = static_cast<T>(options.beta2),
          .one_minus_beta2 = static_cast<T>(1 - options.beta2),
          .weight_decay = options.decoupled ? T(0) : static_cast<T>(weight_decay),
          .step_size = static_cast<T>(learning_rate / (1 - std::pow(options.beta1, t))),
          .root_of_correction2 = static_cast<T>(std::sqrt(1 - std::pow(options.beta2, t))),
          .epsilon = static_cast<T>(options.epsilon),
          .kept = options.decoupled ? static_cast<T>(1 - learning_rate * weight_decay) : T(1)};
}

}  // namespace

Adam::Adam(std::vector<nn::NamedParameter> parameters, const AdamOptions& options)
    : options_(options) {
  require_at_least_zero("learning_rate", options.learning_rate);
  require_at_least_zero("epsilon", options.epsilon);
  require_at_least_zero("weight_decay", options.weight_decay);
  require_decay_rate("beta1", options.beta1);
  require_decay_rate("beta2", options.beta2);
  add(std::move(parameters));
}

void Adam::add(std::vector<nn::NamedParameter> parameters, const ParameterGroupOptions& options) {
  require_at_least_zero("learning_rate", options.learning_rate.value_or(0));
  require_at_least_zero("weight_decay", options.weight_decay.value_or(0));
  require_at_least_zero("learning_rate_scale", options.learning_rate_scale);
  const auto first_new = static_cast<std::ptrdiff_t>(slots_.size());
  try {
    for (nn::NamedParameter& parameter : parameters) {
      append(std::move(parameter), options);
    }
  } catch (...) {
    slots_.erase(slots_.begin() + first_new, slots_.end());
    throw;
  }
}

void Adam::append(nn::NamedParameter parameter, const ParameterGroupOptions& options) {
  if (!parameter.variable.defined() || !parameter.variable.requires_grad()) {
    throw InvalidArgument(text("Adam: ", parameter.name, " does not require a gradient"));
  }
  for (const Slot& slot : slots_) {
    if (slot.name == parameter.name) {
      throw InvalidArgument(text("Adam: two parameters are named ", parameter.name));
    }
  }
  const Tensor& value = parameter.variable.value();
  slots_.push_back({.name = std::move(parameter.name),
                    .parameter = parameter.variable,
                    .first_moment = Tensor::zeros(value.shape(), value.dtype()),
                    .second_moment = Tensor::zeros(value.shape(), value.dtype()),
                    .step = 0,
                    .learning_rate = options.learning_rate,
                    .weight_decay = options.weight_decay,
                    .learning_rate_scale = options.learning_rate_scale});
}

void Adam::step() {
  for (Slot& slot : slots_) {
    if (slot.parameter.grad().defined()) {
      update(slot);
    }
  }
}

void Adam::update(Slot& slot) const {
  const Tensor& grad = slot.parameter.grad();
  Tensor& value = slot.parameter.mutable_value();
  require_like_parameter(slot.name, "gradient", grad, value);
  ++slot.step;
  core::dispatch(value.dtype(), [&]<class T>() {
    const double learning_rate = slot.learning_rate.value_or(options_.learning_rate);
    const auto c = coefficients<T>(options_, slot.learning_rate_scale * learning_rate,
                                   slot.weight_decay.value_or(options_.weight_decay), slot.step);
    const T* gradient = grad.data<T>().data();
    T* parameter = value.mutable_data<T>().data();
    T* first_moment = slot.first_moment.mutable_data<T>().data();
    T* second_moment = slot.second_moment.mutable_data<T>().data();
    core::parallel_for(value.num_elements(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      adam_update(c, end - begin, gradient + begin, parameter + begin, first_moment + begin,
                  second_moment + begin);
    });
  });
}

void Adam::zero_grad() {
  for (Slot& slot : slots_) {
    slot.parameter.zero_grad();
  }
}

void Adam::set_learning_rate(double learning_rate) {
  require_at_least_zero("learning_rate", learning_rate);
  options_.learning_rate = learning_rate;
}

std::vector<AdamParameterState> Adam::state() const {
  std::vector<AdamParameterState> state;
  state.reserve(slots_.size());
  for (const Slot& slot : slots_) {
    state.push_back({slot.name, slot.step, slot.first_moment, slot.second_moment});
  }
  return state;
}

void Adam::load_state(const std::vector<AdamParameterState>& state) {
  std::vector<const AdamParameterState*> found(slots_.size(), nullptr);
  for (const AdamParameterState& saved : state) {
    std::size_t i = 0;
    while (i < slots_.size() && slots_[i].name != saved.name) {
      ++i;
    }
    if (i == slots_.size()) {
      throw InvalidArgument(text("Adam: the state names ", saved.name, ", which is no parameter"));
    }
    if (found[i] != nullptr) {
      throw InvalidArgument(text("Adam: the state names ", saved.name, " twice"));
    }
    if (saved.step < 0) {
      throw InvalidArgument(
          text("Adam: step of ", saved.name, " must be at least 0, got ", saved.step));
    }
    const Tensor& value = slots_[i].parameter.value();
    require_like_parameter(saved.name, "first moment", saved.first_moment, value);
    require_like_parameter(saved.name, "second moment", saved.second_moment, value);
    found[i] = &saved;
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (found[i] == nullptr) {
      throw InvalidArgument(text("Adam: the state lacks ", slots_[i].name));
    }
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].step = found[i]->step;
    slots_[i].first_moment = found[i]->first_moment.clone();
    slots_[i].second_moment = found[i]->second_moment.clone();
  }
}

}  // namespace attune::optim
