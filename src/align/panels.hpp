#pragma once

#include <algorithm>
#include <cstdint>

#include "align/kernels.hpp"
#include "align/problems.hpp"
#include "align/tiles.hpp"

namespace attune::align {

/// Points [first, first + count) of one side of a problem, at most 64.
struct Panel {
  std::int64_t problem;
  bool queries;
  std::int64_t first;
  std::int64_t count;
};

/// Panels a task, 10 us of work at least: the sums over the parameters of the networks are made
/// once a task.
[[nodiscard]] inline std::int64_t panels_a_task(std::int64_t panels) {
  constexpr std::int64_t kFewest = 8;
  constexpr std::int64_t kMostTasks = 64;
  return std::max(kFewest, (panels + kMostTasks - 1) / kMostTasks);
}

/// Points [first, first + count) as a panel [channels, 64], zero beyond them.
template <std::floating_point T>
void load_points(const Cloud<T>& cloud, std::int64_t first, std::int64_t count, T* panel) {
  kernels<T>().load_panel({cloud.row(first), cloud.stride}, count, cloud.channels, panel);
}

/// A panel of derivatives is the gradient of the points it was loaded from, if that is wanted.
template <std::floating_point T>
void store_point_gradients(const Cloud<T>& cloud, std::int64_t first, std::int64_t count,
                           const T* panel) {
  if (cloud.grad != nullptr) {
    kernels<T>().store_panel(panel, count, cloud.channels,
                             {cloud.grad + first * cloud.stride, cloud.stride});
  }
}

}  // namespace attune::align
