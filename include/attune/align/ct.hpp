#pragma once

#include <cstdint>

#include <attune/align/clouds.hpp>
#include <attune/align/network.hpp>
#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>

namespace attune::align {

/// Cost C of carrying a query to a key, of the critic's vectors.
enum class TransportCost : std::uint8_t {
  cosine,  ///< 1 - cosine, in [0, 2]
  chord,   ///< distance of the unit vectors; its slope is unbounded where they meet
};

/// Settings of ct().
struct CtOptions {
  double rho = 0.5;  ///< share of the half that transports keys to queries
  TransportCost cost = TransportCost::cosine;  ///< of the critic's vectors
  bool nav_unit = false;           ///< navigator vectors of unit length: plans near uniform
  bool navigator_ascends = false;  ///< the navigator plays against, as the critic does
  double reversal = 1;             ///< strength of the ascending gradients against the others
};

/// Bidirectional conditional transport, summed over the heads, mean over the samples. With
/// u = unit(critic) and nu = navigator:
///
///     S_ij = nu(q_i) . nu(k_j),    C_ij = 1 - u(q_i) . u(k_j)
///     P = softmax of S over the keys,  R = softmax of S over the queries
///     L = (1 - rho) mean_i sum_j P_ij C_ij + rho mean_j sum_i R_ij C_ij            in [0, 2]
///
/// The critic ascends: its parameters receive -reversal times the derivative. A critic vector
/// shorter than 1e-6 is divided by 1e-6, so that a zero vector has cost 1 to everything. A sample
/// without a valid query or key adds 0; one of a single pair is its cost.
///
/// Plans are never stored: tiles of them are computed in the forward sweep and again in the
/// backward one. Work O(heads n m hidden), memory beyond the gradients O((n + m) hidden).
///
/// @param random    of the dropout inside the networks, from two streams; unused where that is 0
/// @param per_head  if not null, receives the terms, [samples, heads] in float64
/// @throws ShapeError       sizes that do not fit one another
/// @throws InvalidArgument  rho outside [0, 1], or a valid point that is not finite
[[nodiscard]] Variable ct(const Clouds& clouds, const Network& critic, const Network& navigator,
                          const core::RandomStream& random, const CtOptions& options = {},
                          core::Tensor* per_head = nullptr);

}  // namespace attune::align
