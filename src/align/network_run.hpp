#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <span>

#include "align/kernels.hpp"
#include "align/pool_vector.hpp"
#include "align/problems.hpp"
#include "align/tiles.hpp"
#include <attune/align/network.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/ops/dropout.hpp>

namespace attune::align {

/// Throws unless the network reads points of `channels` numbers of type `dtype` and its parameters
/// fit one another.
void check_network(const Network& network, std::int64_t channels, core::DType dtype,
                   const char* who);

[[nodiscard]] std::int64_t num_parameters(const Network& network);
[[nodiscard]] std::size_t num_parameter_tensors(const Network& network);

/// The parameters of a network laid one after another, `unit` numbers each, in the order of
/// named_parameters().
template <class P>
[[nodiscard]] auto lay_out(const Network& network, P* first, std::int64_t unit) {
  const std::int64_t d = network.options.channels;
  const std::int64_t hidden = network.fc1_b.shape()[0];
  const std::int64_t out = network.out_channels();
  P* next = first;
  const auto take = [&](std::int64_t count) {
    P* start = next;
    next += count * unit;
    return start;
  };
  NetworkView<std::remove_const_t<P>, P> view{};
  view.channels = d;
  view.hidden = hidden;
  view.out_channels = out;
  if (network.has_highway()) {
    view.gate_w = take(d * d);
    view.gate_b = take(d);
    view.trans_w = network.trans_w.defined() ? take(d * d) : view.gate_w;
    view.trans_b = network.trans_w.defined() ? take(d) : view.gate_b;
  }
  view.fc1_w = take(hidden * d);
  view.fc1_b = take(hidden);
  view.fc2_w = take(out * hidden);
  view.fc2_b = take(out);
  return view;
}

template <std::floating_point T>
[[nodiscard]] NetworkView<T> view_of(const Network& network) {
  const auto data = [](const Variable& variable) -> const T* {
    return variable.defined() ? variable.value().data<T>().data() : nullptr;
  };
  const bool tied = !network.trans_w.defined();
  return {network.options.channels,
          network.fc1_b.shape()[0],
          network.out_channels(),
          data(network.gate_w),
          data(network.gate_b),
          data(tied ? network.gate_w : network.trans_w),
          data(tied ? network.gate_b : network.trans_b),
          data(network.fc1_w),
          data(network.fc1_b),
          data(network.fc2_w),
          data(network.fc2_b)};
}

/// Dropout on what enters the MLP of a network, decided by the number of the panel.
class PanelDropout {
 public:
  PanelDropout(double p, const core::RandomStream& random)
      : rate_(ops::DropoutRate::of(p, "align: dropout")), random_(random) {}

  [[nodiscard]] bool active() const noexcept { return rate_.active(); }

  /// keep: [channels, 64], the scale or zero.
  template <std::floating_point T>
  void draw(std::int64_t panel, std::span<T> keep) const {
    core::PoolArray<std::uint16_t> lanes(static_cast<std::int64_t>(keep.size()));
    random_.lanes(static_cast<std::uint64_t>(panel) * keep.size(), lanes.span());
    for (std::size_t i = 0; i < keep.size(); ++i) {
      keep[i] = lanes.span()[i] < rate_.threshold ? T(0) : static_cast<T>(rate_.scale);
    }
  }

 private:
  ops::DropoutRate rate_;
  core::RandomStream random_;
};

/// Sums of the derivatives with respect to the parameters of a network over the panels that one
/// task visits.
template <std::floating_point T>
class NetworkSums {
 public:
  NetworkSums() = default;  ///< none wanted
  explicit NetworkSums(const Network& network) : lanes_(num_parameters(network) * kGradientLanes) {
    std::ranges::fill(lanes_.span(), T(0));
  }

  [[nodiscard]] T* lanes() noexcept { return lanes_.data(); }

  /// The sums so far, [num_parameters].
  void store(double* out) const {
    kernels<T>().sum_lanes(lanes_.data(), lanes_.size() / kGradientLanes, out);
  }

 private:
  core::PoolArray<T> lanes_;  // [parameters, kGradientLanes]
};

/// Room for a network on one panel at a time: what it leaves for its backward pass.
template <std::floating_point T>
class NetworkRun {
 public:
  /// @param sums  where the backward pass adds derivatives; must outlive this
  NetworkRun(const Network& network, const PanelDropout& dropout, NetworkSums<T>& sums)
      : network_(network),
        view_(view_of<T>(network)),
        dropout_(dropout),
        panels_((4 * view_.channels + 2 * view_.hidden) * kTile),
        keep_(dropout.active() ? view_.channels * kTile : 0),
        sums_(sums.lanes()) {
    T* next = panels_.data();
    const auto take = [&](std::int64_t channels) {
      T* start = next;
      next += channels * kTile;
      return start;
    };
    scratch_ = {take(view_.channels), take(view_.channels), take(view_.channels),
                take(view_.hidden),   take(view_.channels), take(view_.hidden)};
  }

  [[nodiscard]] std::int64_t out_channels() const noexcept { return view_.out_channels; }

  /// @param panel  a number of its own for every panel of points, which decides its dropout
  void forward(std::int64_t panel, const T* x, T* out) {
    if (dropout_.active()) {
      dropout_.draw<T>(panel, keep_.span());
    }
    kernels<T>().network_forward(view_, x, keep(), scratch_, out);
  }

  /// After forward() on the same points.
  void backward(const T* x, const T* grad_out, T* grad_x) {
    kernels<T>().network_backward(view_, x, keep(), scratch_, grad_out, grad_x,
                                  lay_out<T>(network_, sums_, kGradientLanes));
  }

 private:
  [[nodiscard]] const T* keep() const { return dropout_.active() ? keep_.data() : nullptr; }

  const Network& network_;
  NetworkView<T> view_;
  const PanelDropout& dropout_;
  NetworkScratch<T> scratch_{};
  core::PoolArray<T> panels_;
  core::PoolArray<T> keep_;
  T* sums_;
};

/// Adds sums [tasks, num_parameters], task by task, to the gradients of a network's parameters,
/// which start at grads[first].
void add_parameter_gradients(const Network& network, std::span<const double> sums,
                             std::int64_t tasks, PoolVector<core::Tensor>& grads,
                             std::size_t first);

}  // namespace attune::align
