#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>

#include "align/kernels.hpp"
#include "align/network_run.hpp"
#include "align/panels.hpp"
#include "align/problems.hpp"
#include "align/recorded.hpp"
#include "align/tiles.hpp"
#include <attune/align/ct.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool_array.hpp>

namespace attune::align {

/// What all problems of one conditional transport share.
struct CtSetup {
  const Network& critic;
  const Network& navigator;
  const PanelDropout& critic_dropout;
  const PanelDropout& navigator_dropout;
  const CtOptions& options;
  bool gradients;

  [[nodiscard]] std::int64_t unit_channels() const { return critic.out_channels(); }
  [[nodiscard]] std::int64_t nav_channels() const { return navigator.out_channels(); }
  [[nodiscard]] bool chord() const { return options.cost == TransportCost::chord; }
};

/// Sums over the panels of one task, of both networks.
template <std::floating_point T>
struct CtNetworkSums {
  CtNetworkSums(const CtSetup& setup, bool gradients)
      : wanted(gradients),
        critic(gradients ? NetworkSums<T>(setup.critic) : NetworkSums<T>()),
        navigator(gradients ? NetworkSums<T>(setup.navigator) : NetworkSums<T>()) {}

  bool wanted;
  NetworkSums<T> critic;
  NetworkSums<T> navigator;
};

/// Both networks on one panel at a time, and the panels between them and the sweeps.
template <std::floating_point T>
class CtNetworks {
 public:
  CtNetworks(const CtSetup& setup, CtNetworkSums<T>& sums)
      : critic(setup.critic, setup.critic_dropout, sums.critic),
        navigator(setup.navigator, setup.navigator_dropout, sums.navigator),
        unit(setup.unit_channels() * kTile),
        nav(setup.nav_channels() * kTile),
        grad_unit(sums.wanted ? unit.size() : 0),
        grad_nav(sums.wanted ? nav.size() : 0),
        setup_(setup),
        points_(setup.critic.options.channels * kTile),
        grad_points_(sums.wanted ? 2 * points_.size() : 0) {}

  /// Unit vectors and navigator vectors of points [first, first + count), at most 64.
  /// @param number  of the panel, for its dropout
  void forward(const Cloud<T>& cloud, std::int64_t first, std::int64_t count, std::int64_t number) {
    load_points(cloud, first, count, points_.data());
    critic.forward(number, points_.data(), unit.data());
    kernels<T>().unit_panel(setup_.unit_channels(), unit.data(), unit_norms_);
    navigator.forward(number, points_.data(), nav.data());
    if (setup_.options.nav_unit) {
      kernels<T>().unit_panel(setup_.nav_channels(), nav.data(), nav_norms_);
    }
  }

  /// After forward() on the same points: from grad_unit and grad_nav, which it overwrites, to the
  /// gradient of the points.
  void backward(const Cloud<T>& cloud, std::int64_t first, std::int64_t count) {
    kernels<T>().unit_panel_backward(setup_.unit_channels(), unit.data(), unit_norms_,
                                     grad_unit.data());
    if (setup_.options.nav_unit) {
      kernels<T>().unit_panel_backward(setup_.nav_channels(), nav.data(), nav_norms_,
                                       grad_nav.data());
    }
    T* through_critic = grad_points_.data();
    T* through_navigator = through_critic + points_.size();
    critic.backward(points_.data(), grad_unit.data(), through_critic);
    navigator.backward(points_.data(), grad_nav.data(), through_navigator);
    std::transform(through_critic, through_navigator, through_navigator, through_critic,
                   std::plus<>());
    store_point_gradients(cloud, first, count, through_critic);
  }

  NetworkRun<T> critic;
  NetworkRun<T> navigator;
  core::PoolArray<T> unit;  // [unit_channels, 64]
  core::PoolArray<T> nav;   // [nav_channels, 64]
  core::PoolArray<T> grad_unit;
  core::PoolArray<T> grad_nav;

 private:
  const CtSetup& setup_;
  core::PoolArray<T> points_;
  core::PoolArray<T> grad_points_;
  T unit_norms_[kTile];
  T nav_norms_[kTile];
};

/// Calls visit(panel, networks) for each panel in [0, panels), in parallel.
template <std::floating_point T, class F>
void visit_forward(const CtSetup& setup, std::int64_t panels, const F& visit) {
  core::parallel_for(panels, panels_a_task(panels), [&](std::int64_t begin, std::int64_t end) {
    CtNetworkSums<T> none(setup, false);
    CtNetworks<T> networks(setup, none);
    for (std::int64_t panel = begin; panel < end; ++panel) {
      visit(panel, networks);
    }
  });
}

/// Derivatives with respect to the parameters of both networks, a row of sums a task.
template <std::floating_point T>
class CtParameterSums {
 public:
  CtParameterSums(const CtSetup& setup, std::int64_t tasks)
      : setup_(setup),
        tasks_(tasks),
        critic_(tasks * num_parameters(setup.critic)),
        navigator_(tasks * num_parameters(setup.navigator)) {}

  void store(std::int64_t task, const CtNetworkSums<T>& sums) {
    sums.critic.store(critic_.data() + task * num_parameters(setup_.critic));
    sums.navigator.store(navigator_.data() + task * num_parameters(setup_.navigator));
  }

  void add_to(LossGradients& grads) const {
    add_parameter_gradients(setup_.critic, critic_.span(), tasks_, grads.parameters, 0);
    const std::size_t first = num_parameter_tensors(setup_.critic);
    add_parameter_gradients(setup_.navigator, navigator_.span(), tasks_, grads.parameters, first);
  }

 private:
  const CtSetup& setup_;
  std::int64_t tasks_;
  core::PoolArray<double> critic_;
  core::PoolArray<double> navigator_;
};

/// The same, with networks that keep gradients; those of their parameters are added to `grads`.
template <std::floating_point T, class F>
void visit_backward(const CtSetup& setup, std::int64_t panels, LossGradients& grads,
                    const F& visit) {
  const std::int64_t grain = panels_a_task(panels);
  CtParameterSums<T> parameters(setup, (panels + grain - 1) / grain);
  core::parallel_for(panels, grain, [&](std::int64_t begin, std::int64_t end) {
    CtNetworkSums<T> sums(setup, true);
    CtNetworks<T> networks(setup, sums);
    for (std::int64_t panel = begin; panel < end; ++panel) {
      visit(panel, networks);
    }
    parameters.store(begin / grain, sums);
  });
  parameters.add_to(grads);
}

/// The parameters of both networks, critic first.
[[nodiscard]] ParameterList ct_parameters(const Network& critic, const Network& navigator,
                                          const CtOptions& options);

/// @throws ShapeError, InvalidArgument  as align::ct
void check_ct(const Clouds& clouds, const Network& critic, const Network& navigator,
              const CtOptions& options, const char* who);

}  // namespace attune::align
