#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <attune/align/clouds.hpp>
#include <attune/align/ct.hpp>
#include <attune/align/gan.hpp>
#include <attune/align/mmd.hpp>
#include <attune/align/network.hpp>
#include <attune/align/ot.hpp>

namespace attune::testing {

/// Biases other than zero, so that a point of which dropout leaves nothing is off the kinks.
inline void fill_biases(const align::Network& network, double value) {
  for (align::Parameter& parameter : align::named_parameters(network, false)) {
    if (parameter.variable.shape().rank() == 1) {
      parameter.variable.set_value(
          core::Tensor::full(parameter.variable.shape(), value, parameter.variable.dtype()));
    }
  }
}

/// One of the four distances with networks of its own, for tests of what all of them share.
struct AnyDistance {
  std::string name;
  std::function<Variable(const align::Clouds&, core::Tensor*)> loss;
  align::ParameterList parameters;
};

/// @param reversal  -1 turns the gradient of ascending parameters into the plain derivative
inline AnyDistance any_distance(const std::string& name, std::int64_t channels,
                                core::DType dtype = core::DType::f64, double reversal = -1) {
  const core::RandomStream random(41, core::Purpose::alignment);
  const align::NetworkOptions options{.channels = channels, .hidden = 5};
  if (name == "gan") {
    const align::Network net = align::make_discriminator(options, random, dtype);
    return {name,
            [=](const align::Clouds& clouds, core::Tensor* per_head) {
              return align::gan(clouds, net, random, {.reversal = reversal}, per_head);
            },
            align::named_parameters(net, true)};
  }
  if (name == "ct") {
    const align::Network critic = align::make_critic(options, random, dtype);
    const align::Network navigator = align::make_navigator(options, random.with_stream(4), dtype);
    align::ParameterList parameters = align::named_parameters(critic, true);
    for (const align::Parameter& parameter : align::named_parameters(navigator, false)) {
      parameters.push_back(parameter);
    }
    return {name,
            [=](const align::Clouds& clouds, core::Tensor* per_head) {
              return align::ct(clouds, critic, navigator, random, {.reversal = reversal}, per_head);
            },
            parameters};
  }
  if (name == "ot") {
    return {name,
            [](const align::Clouds& clouds, core::Tensor* per_head) {
              align::OtReport report;
              Variable loss = align::ot(clouds, {.eps = 0.3}, &report);
              if (per_head != nullptr) {
                *per_head = report.per_head;
              }
              return loss;
            },
            {}};
  }
  return {name,
          [](const align::Clouds& clouds, core::Tensor* per_head) {
            return align::mmd(clouds, {.sigma = 0.8}, per_head);
          },
          {}};
}

}  // namespace attune::testing
