#pragma once

#include <attune/nn/features.hpp>
#include <attune/nn/forward_context.hpp>
#include <attune/nn/module.hpp>

namespace attune::nn {

/// Zeroes elements with probability p in training and scales up the others; the identity in
/// evaluation. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
/// Overfitting", JMLR 2014. Sparse features stay sparse: their zeros are zero either way.
class Dropout final : public Module {
 public:
  /// @throws InvalidArgument  p outside [0, 1)
  explicit Dropout(double p);

  /// Draws from the next stream of `ctx`, in training with p > 0; else it is x itself.
  /// @return  of the shape of x
  [[nodiscard]] Variable forward(const Variable& x, ForwardContext& ctx) const;
  /// The same for either kind of features.
  [[nodiscard]] Features forward(const Features& x, ForwardContext& ctx) const;

 private:
  double p_;
};

}  // namespace attune::nn
