#include "align/network_run.hpp"

#include <algorithm>
#include <array>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

using core::Tensor;

void check_network(const Network& network, std::int64_t channels, core::DType dtype,
                   const char* who) {
  if (!network.fc1_w.defined() || !network.fc2_b.defined() || network.fc2_b.shape().rank() != 1) {
    throw InvalidArgument(core::text(who, ": the network has no parameters"));
  }
  if (network.options.channels != channels) {
    throw ShapeError(core::text(who, ": the network must read points of ", channels,
                                " channels, got one for ", network.options.channels));
  }
  const std::int64_t hidden = network.options.hidden;
  const std::int64_t out = network.out_channels();
  const auto require = [&](const Variable& variable, const core::Shape& shape, const char* name) {
    core::require_shape(variable.value(), shape, who, name);
    if (variable.dtype() != dtype) {
      throw ShapeError(core::text(who, ": ", name, " must be ", core::to_string(dtype),
                                  " as the points are, got ", core::to_string(variable.dtype())));
    }
  };
  if (network.has_highway()) {
    require(network.gate_w, {channels, channels}, "gate_w");
    require(network.gate_b, {channels}, "gate_b");
  }
  if (network.trans_w.defined()) {
    require(network.trans_w, {channels, channels}, "trans_w");
    require(network.trans_b, {channels}, "trans_b");
  }
  require(network.fc1_w, {hidden, channels}, "fc1_w");
  require(network.fc1_b, {hidden}, "fc1_b");
  require(network.fc2_w, {out, hidden}, "fc2_w");
  require(network.fc2_b, {out}, "fc2_b");
}

namespace {

// In the order of named_parameters(); undefined where the network has none.
std::array<const Variable*, 8> parameters_of(const Network& network) {
  return {&network.gate_w, &network.gate_b, &network.trans_w, &network.trans_b,
          &network.fc1_w,  &network.fc1_b,  &network.fc2_w,   &network.fc2_b};
}

}  // namespace

std::int64_t num_parameters(const Network& network) {
  std::int64_t count = 0;
  for (const Variable* variable : parameters_of(network)) {
    count += variable->defined() ? variable->shape().num_elements() : 0;
  }
  return count;
}

std::size_t num_parameter_tensors(const Network& network) {
  return static_cast<std::size_t>(std::ranges::count_if(
      parameters_of(network), [](const Variable* variable) { return variable->defined(); }));
}

void add_parameter_gradients(const Network& network, std::span<const double> sums,
                             std::int64_t tasks, PoolVector<Tensor>& grads, std::size_t first) {
  const std::int64_t count = num_parameters(network);
  std::int64_t at = 0;
  for (const Variable* parameter : parameters_of(network)) {
    if (!parameter->defined()) {
      continue;
    }
    const std::int64_t size = parameter->shape().num_elements();
    Tensor& grad = grads[first++];
    if (grad.defined()) {
      core::dispatch(grad.dtype(), [&]<class T>() {
        T* to = grad.mutable_data<T>().data();
        for (std::int64_t i = 0; i < size; ++i) {
          double total = 0;
          for (std::int64_t task = 0; task < tasks; ++task) {
            total += sums[task * count + at + i];
          }
          to[i] += static_cast<T>(total);
        }
      });
    }
    at += size;
  }
}

}  // namespace attune::align
