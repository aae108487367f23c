#pragma once

#include <attune/align/clouds.hpp>
#include <attune/align/network.hpp>
#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>

namespace attune::align {

/// Settings of gan().
struct GanOptions {
  bool detach_query = false;  ///< no gradient into the queries
  double reversal = 1;        ///< strength of the discriminator's gradient against the others'
  /// Queries and keys of a head descend on max(L, -2 log 2), L being the mean over the samples: a
  /// discriminator that is worse than none says nothing of the distance, and without the bound the
  /// points run away from one that is too slow for them. It learns from L all the same.
  bool bounded = false;
};

/// Adversarial distance, summed over the heads, mean over the samples. The discriminator tries to
/// tell queries from keys:
///
///     L = mean_i log D(q_i) + mean_j log(1 - D(k_j)),    D = sigmoid(discriminator)
///
/// At the best discriminator L = 2 JSD - 2 log 2; where it cannot tell them apart, -2 log 2 a head.
/// The discriminator ascends: its parameters receive -reversal times the derivative. A sample
/// without a valid query or key adds 0. Work linear in the number of points; nothing is kept but
/// the gradients.
///
/// @param random    of the dropout inside the discriminator; unused where its rate is 0
/// @param per_head  if not null, receives the terms, [samples, heads] in float64
/// @throws ShapeError       sizes that do not fit one another
/// @throws InvalidArgument  a valid point that is not finite
[[nodiscard]] Variable gan(const Clouds& clouds, const Network& discriminator,
                           const core::RandomStream& random, const GanOptions& options = {},
                           core::Tensor* per_head = nullptr);

}  // namespace attune::align
