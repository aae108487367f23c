#pragma once

#include <concepts>
#include <cstdint>

#include "align/kernels.hpp"
#include "align/pool_vector.hpp"
#include "align/problems.hpp"
#include "align/tiles.hpp"
#include <attune/align/ot.hpp>
#include <attune/core/pool_array.hpp>

namespace attune::align {

/// One side of an optimal transport: its points as the cost sees them and its potential.
template <std::floating_point T>
struct OtSide {
  explicit OtSide(const Cloud<T>& points);

  /// Centred points, or points of unit length; half_norms as the cost wants them.
  void pack(OtCost cost, const PoolVector<double>& centre);
  /// Into `scaled`: the potential with the half norms and log weight folded in, over eps, as an
  /// exponent of two.
  void scale(double eps);

  Cloud<T> cloud;
  std::int64_t width;
  core::PoolArray<T> rows;            // [tiles * 64, width]: the channels, then a one
  core::PoolArray<T> panels;          // [tiles, channels, 64]
  core::PoolArray<T> products;        // with the other side, OtPoints::products; empty: not kept
  core::PoolArray<T> half_norms;      // [tiles * 64]
  core::PoolArray<T> lengths;         // of the original vectors, [tiles * 64]
  core::PoolArray<T> scaled;          // [tiles * 64]
  core::PoolArray<double> potential;  // without the half norms, [count]
  double longest = 0;
};

/// Solves the entropic transport between two clouds and differentiates its value.
template <std::floating_point T>
class OtSolver {
 public:
  OtSolver(const Cloud<T>& queries, const Cloud<T>& keys, const OtOptions& options);

  /// Scratch memory that a solver takes.
  [[nodiscard]] static std::int64_t bytes(std::int64_t queries, std::int64_t keys,
                                          std::int64_t channels);

  /// Alternates the potentials until the marginals fit; see align::ot.
  void solve();

  [[nodiscard]] std::int64_t pairs() const noexcept { return pairs_; }

  /// sum pi C of the plan; also finds marginal_error().
  [[nodiscard]] double transport_cost();
  [[nodiscard]] double marginal_error() const noexcept { return marginal_error_; }
  /// The regularised optimum, sum a f + sum b g.
  [[nodiscard]] double dual_value() const;

  /// Adds factor times the gradient to those of both clouds.
  void add_gradients(double factor, OtGradient gradient);

 private:
  void keep_products(OtSide<T>& side, const OtSide<T>& other);
  void update(OtSide<T>& side, double eps);
  [[nodiscard]] double row_logs(const OtSide<T>& side, const OtSide<T>& other, double eps);
  [[nodiscard]] double mean_cost() const;
  void plan_sums(const OtSide<T>& side, const OtSide<T>& other, const T* values, double* sums,
                 double* costs, double* weighted) const;
  void solve_adjoint();
  void hand_over(OtSide<T>& side, const T* sums, double factor) const;
  void hand_over_keys(const T* col_sums, double factor);

  OtOptions options_;
  OtSide<T> queries_;
  OtSide<T> keys_;
  double eps_ = 0;
  std::int64_t pairs_ = 0;
  double marginal_error_ = 0;
  core::PoolArray<double> logs_;
  core::PoolArray<T> row_values_;  // the adjoint of the exact gradient
  core::PoolArray<T> col_values_;
};

}  // namespace attune::align
