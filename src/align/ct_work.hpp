#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>

#include "align/ct_networks.hpp"
#include "align/kernels.hpp"
#include "align/panels.hpp"
#include "align/problems.hpp"
#include "align/tiles.hpp"
#include <attune/core/pool_array.hpp>

namespace attune::align {

/// One problem of conditional transport. The stages, each over independent blocks:
///
///     embed(panel)     networks on 64 points: unit and navigator vectors
///     sweep(part)      row tiles against all columns: sums of rows, a share of those of columns
///     settle()         the loss, and what the plan's derivatives need of the sums
///     sweep_back(part) row tiles against all columns: derivatives of the vectors
///     finish(panel)    networks backward on 64 points
template <std::floating_point T>
class CtWork {
 public:
  CtWork(const Problem<T>& problem, const CtSetup& setup, std::int64_t first_panel);

  /// Scratch memory that a work takes.
  [[nodiscard]] static std::int64_t bytes(const Problem<T>& problem, const CtSetup& setup);

  [[nodiscard]] std::int64_t num_panels() const { return query_tiles_ + key_tiles_; }
  [[nodiscard]] std::int64_t parts() const { return num_parts(problem_.queries.count); }
  [[nodiscard]] const Problem<T>& problem() const { return problem_; }
  [[nodiscard]] double loss() const { return loss_; }

  void embed(std::int64_t panel, CtNetworks<T>& networks);
  void sweep(std::int64_t part);
  void settle();
  void sweep_back(std::int64_t part);
  /// @param networks  after embed(panel, networks), or others: then they run forward again
  void finish(std::int64_t panel, CtNetworks<T>& networks, bool embedded = false);

  /// So little work that it is one task, and so few tiles that they are kept from one sweep to the
  /// other.
  [[nodiscard]] static bool is_small(const Problem<T>& problem) {
    return std::max(problem.queries.count, problem.keys.count) <= 2 * kTile;
  }

 private:
  [[nodiscard]] Panel panel_at(std::int64_t panel) const;
  [[nodiscard]] const Cloud<T>& cloud_of(const Panel& panel) const {
    return panel.queries ? problem_.queries : problem_.keys;
  }
  [[nodiscard]] bool is_bounded() const;
  [[nodiscard]] CtPoints<T> points() const;
  [[nodiscard]] std::int64_t unit_panel_size() const { return setup_.unit_channels() * kTile; }
  [[nodiscard]] std::int64_t nav_panel_size() const { return setup_.nav_channels() * kTile; }
  [[nodiscard]] T* kept(std::int64_t row_tile) {
    return kept_.size() > 0 ? kept_.data() + row_tile * key_tiles_ * 2 * kTile * kTile : nullptr;
  }
  void merge_columns();
  void settle_side(std::int64_t count, double share, const double* max, const double* z,
                   const double* y, T* factor, T* mean, T* log, double& cost) const;

  Problem<T> problem_;
  const CtSetup& setup_;
  std::int64_t first_panel_;
  std::int64_t query_tiles_;
  std::int64_t key_tiles_;
  std::int64_t unit_width_;
  std::int64_t nav_width_;
  double loss_ = 0;

  core::PoolArray<T> query_unit_;  // [query_tiles * 64, unit_width], as are the rows below
  core::PoolArray<T> query_nav_;
  core::PoolArray<T> key_unit_;
  core::PoolArray<T> key_nav_;
  core::PoolArray<T> key_unit_panels_;  // [key_tiles, unit_channels, 64]
  core::PoolArray<T> key_nav_panels_;
  core::PoolArray<T> kept_;             // [query_tiles, key_tiles, 2, 64, 64] where it is small
  core::PoolArray<T> nav_norms_;        // longest navigator vector of each panel
  core::PoolArray<double> row_sums_;    // max, z and y, [3, query_tiles * 64]
  core::PoolArray<double> col_sums_;    // [parts, 3, key_tiles * 64]
  core::PoolArray<T> row_plan_;         // factor, mean and log, [3, query_tiles * 64]
  core::PoolArray<T> col_plan_;         // [3, key_tiles * 64]
  core::PoolArray<T> grad_query_unit_;  // [query_tiles * 64, unit_width]
  core::PoolArray<T> grad_query_nav_;
  core::PoolArray<T> grad_key_unit_;  // [parts, key_tiles, unit_channels, 64]
  core::PoolArray<T> grad_key_nav_;
};

}  // namespace attune::align
