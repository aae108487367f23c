#pragma once

#include <cstdint>

#include <attune/nn/forward_context.hpp>
#include <attune/nn/module.hpp>

namespace attune::nn {

/// Settings of a BatchNorm; the defaults are PyTorch's.
struct BatchNormOptions {
  std::int64_t channels = 0;  ///< required
  double epsilon = 1e-5;      ///< added to the variance
  double momentum = 0.1;      ///< share of a step in the running statistics, in (0, 1]
};

/// ops::batch_norm over the nodes, with learned gamma, which starts at one, and beta, which starts
/// at zero. A training pass takes the statistics of the nodes that it computes, and lets the
/// running ones follow (the variance as of a sample, divided by one less than the nodes); any other
/// pass takes the running ones.
///
/// Parameters: gamma and beta [channels]. Buffers: running_mean and running_variance [channels].
class BatchNorm final : public Module {
 public:
  /// @throws InvalidArgument  channels below 1, an epsilon that is not above 0, a momentum outside
  ///                          (0, 1]
  explicit BatchNorm(const BatchNormOptions& options);

  /// @param x  [n, channels]
  [[nodiscard]] Variable forward(const Variable& x, const ForwardContext& ctx) const;

 private:
  void follow(const core::Tensor& mean, const core::Tensor& variance, std::int64_t rows) const;

  BatchNormOptions options_;
  Variable gamma_;
  Variable beta_;
  Variable running_mean_;
  Variable running_variance_;
};

}  // namespace attune::nn
