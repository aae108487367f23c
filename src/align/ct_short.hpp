#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>

#include "align/ct_networks.hpp"
#include "align/problems.hpp"
#include "align/recorded.hpp"
#include <attune/core/pool_array.hpp>

namespace attune::align {

/// Points of a side up to which a problem is short: tiles of 64 points, and networks on panels of
/// 64, would mostly work on padding.
inline constexpr std::int64_t kShort = 32;

template <std::floating_point T>
[[nodiscard]] bool is_short(const Problem<T>& problem) {
  return std::max(problem.queries.count, problem.keys.count) <= kShort;
}

/// All points of one side, of every sample and head one after another, since the networks see each
/// alone; and what the networks make of them. Problems share the panels that way.
template <std::floating_point T>
class CtSide {
 public:
  /// @param points  [selected, heads, channels]
  /// @param grad    of its shape; undefined: not wanted
  CtSide(const core::Tensor& points, core::Tensor& grad, const CtSetup& setup);

  [[nodiscard]] std::int64_t num_panels() const { return num_tiles(cloud_.count); }
  /// Vectors of the points of one panel. @param number  for its dropout
  void embed(std::int64_t panel, std::int64_t number, CtNetworks<T>& networks);
  /// From the gradients of these vectors to those of the points.
  void finish(std::int64_t panel, std::int64_t number, CtNetworks<T>& networks);

  /// Numbers of a point's unit vector and of its navigator vector, one after the other.
  [[nodiscard]] std::int64_t width() const noexcept { return units_ + navs_; }
  /// From one point of a problem to the next.
  [[nodiscard]] std::int64_t stride() const noexcept { return heads_ * width(); }
  /// Vectors of the first point of a problem, and their gradients.
  [[nodiscard]] const T* vectors_of(const Cloud<T>& cloud) const {
    return vectors_.data() + offset(cloud);
  }
  [[nodiscard]] T* gradients_of(const Cloud<T>& cloud) { return gradients_.data() + offset(cloud); }

 private:
  [[nodiscard]] std::int64_t offset(const Cloud<T>& cloud) const {
    return (cloud.points - cloud_.points) / cloud_.channels * width();
  }

  Cloud<T> cloud_;
  std::int64_t heads_;
  std::int64_t units_;
  std::int64_t navs_;
  core::PoolArray<T> vectors_;    // [points, units + navs]
  core::PoolArray<T> gradients_;  // the same, zero at first; empty: not wanted
};

/// Conditional transport of problems that are all short: texts of a few words, images of a few
/// regions.
/// @param points  of the problems
template <std::floating_point T>
void evaluate_short_ct(const Points& points, const PoolVector<Problem<T>>& problems,
                       const CtSetup& setup, Evaluated& evaluated);

}  // namespace attune::align
