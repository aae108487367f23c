#pragma once

#include <cstdint>

#include <attune/align/clouds.hpp>
#include <attune/core/tensor.hpp>

namespace attune::align {

/// Cost C of carrying a query q to a key k.
enum class OtCost : std::uint8_t {
  half_sqeuclid,  ///< |q - k|^2 / 2
  cosine,         ///< 1 - cosine; a vector shorter than 1e-6 counts as orthogonal to all
};

/// What is differentiated.
enum class OtGradient : std::uint8_t {
  plan,   ///< the plan is held constant: exact for the regularised optimum
  exact,  ///< of the transport cost itself, through the plan
};

/// Settings of ot().
struct OtOptions {
  double eps = 0.01;                       ///< strength of the entropy
  OtCost ot_cost = OtCost::half_sqeuclid;  ///< between a query and a key
  bool eps_relative = false;               ///< eps is in units of the mean cost of the head
  std::int64_t ot_iterations = 100;        ///< most pairs of updates at eps
  double ot_tolerance = 1e-3;  ///< on the marginals: stop when sum_i |sum_j pi_ij - a_i| is below
  OtGradient ot_gradient = OtGradient::plan;  ///< ignored with ot_debias
  bool ot_debias = false;  ///< Sinkhorn divergence; its gradient is always that of the plans
};

/// How the iterations of each head ended.
struct OtReport {
  core::Tensor per_head;  ///< terms of the loss, [samples, heads] in float64, as are the others
  core::Tensor pairs;     ///< pairs of updates at eps
  core::Tensor marginal_error;  ///< sum_i |sum_j pi_ij - a_i| of the plan that was used
};

/// Entropic optimal transport (Sinkhorn in the log domain), summed over the heads, mean over the
/// samples:
///
///     pi = argmin over couplings of  sum_ij pi_ij C_ij + eps sum_ij pi_ij log(pi_ij / (a_i b_j))
///     L  = sum_ij pi_ij C_ij
///
/// or, with ot_debias, OT(Q, K) - OT(Q, Q) / 2 - OT(K, K) / 2 where OT is the regularised optimum.
///
/// Regularisation starts at the squared diameter and is divided by four, one pair of updates at
/// each, down to eps. Where the tolerance is not met after ot_iterations pairs (largest cost over
/// eps beyond some hundred), the plan of the last pair serves: its column marginals are exact, its
/// row marginals off by the reported marginal_error. That is no error: the plan gradient does not
/// need a converged plan.
///
/// A sample without a valid query or key adds 0; one of a single pair is its cost. Points that all
/// coincide have cost 0 under eps_relative. Neither costs nor plan are stored: memory beyond the
/// gradients O((n + m) channels), work O(heads n m channels) a pair.
///
/// @param report  if not null, is filled in
/// @throws ShapeError       sizes that do not fit one another
/// @throws InvalidArgument  eps, ot_iterations or ot_tolerance not positive, or a valid point that
/// is
///                          not finite
[[nodiscard]] Variable ot(const Clouds& clouds, const OtOptions& options = {},
                          OtReport* report = nullptr);

}  // namespace attune::align
