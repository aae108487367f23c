#pragma once

#include "align/pool_vector.hpp"
#include "align/problems.hpp"
#include <attune/align/clouds.hpp>
#include <attune/align/parameters.hpp>
#include <attune/core/tensor.hpp>

namespace attune::align {

/// Plain derivatives of a loss with respect to all it was computed from.
struct LossGradients {
  CloudGradients clouds;
  PoolVector<core::Tensor> parameters;  ///< parallel to the parameters; undefined: not wanted

  [[nodiscard]] bool any() const;
};

/// A loss, its terms and its derivatives, all found in one go: a loss is a scalar, so what the
/// backward pass adds is one factor, and the tiles need not be visited again for it.
struct Evaluated {
  double loss = 0;
  core::Tensor per_head;  ///< [samples, heads], float64
  LossGradients grads;
};

/// Terms of zero, and room for the gradients of what wants them. A distance has to write the
/// gradient of every selected row; only those of samples that lack the other side are zero.
[[nodiscard]] Evaluated make_evaluated(const Clouds& clouds, const Selection& selection,
                                       const ParameterList& parameters);

/// The loss as a recorded scalar; the gradients are those of the selected points. Descending
/// parameters and the clouds receive the derivative, ascending ones receive it times -reversal.
/// @throws InvalidArgument  the loss is not finite
[[nodiscard]] Variable record_loss(const char* name, const Clouds& clouds, Selection selection,
                                   const ParameterList& parameters, double reversal,
                                   Evaluated evaluated);

}  // namespace attune::align
