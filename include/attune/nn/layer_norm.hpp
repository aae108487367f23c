#pragma once

#include <cstdint>

#include <attune/nn/forward_context.hpp>
#include <attune/nn/module.hpp>

namespace attune::nn {

/// Settings of a LayerNorm.
struct LayerNormOptions {
  std::int64_t channels = 0;  ///< required
  double epsilon = 1e-5;      ///< added to the variance
};

/// ops::layer_norm with learned gamma, which starts at one, and beta, which starts at zero.
///
/// Parameters: gamma and beta [channels].
class LayerNorm final : public Module {
 public:
  /// @throws InvalidArgument  channels below 1, or an epsilon that is not above 0
  explicit LayerNorm(const LayerNormOptions& options);

  /// @param x  [n, channels]
  [[nodiscard]] Variable forward(const Variable& x) const;

  /// forward(residual + dropout(branch)): the end of a residual block.
  /// @param dropout  probability, on the branch, in training only
  [[nodiscard]] Variable forward(const Variable& branch, const Variable& residual, double dropout,
                                 ForwardContext& ctx) const;

 private:
  double epsilon_;
  Variable gamma_;
  Variable beta_;
};

}  // namespace attune::nn
