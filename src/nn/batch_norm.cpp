#include <cmath>

#include "nn/checks.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/nn/batch_norm.hpp>
#include <attune/ops/batch_norm.hpp>

namespace attune::nn {

namespace {

// running += momentum (factor now - running); a copy of the handle changes what all of them see.
void move_towards(Variable running, const core::Tensor& now, double factor, double momentum) {
  core::dispatch(now.dtype(), [&]<class T>() {
    const std::span<const T> target = now.data<T>();
    const std::span<T> value = running.mutable_value().mutable_data<T>();
    for (std::size_t c = 0; c < value.size(); ++c) {
      const auto old = static_cast<double>(value[c]);
      value[c] = static_cast<T>(old + momentum * (factor * static_cast<double>(target[c]) - old));
    }
  });
}

}  // namespace

BatchNorm::BatchNorm(const BatchNormOptions& options) : options_(options) {
  require_size(options.channels, "BatchNorm", "channels");
  if (!(options.epsilon > 0) || !std::isfinite(options.epsilon)) {
    throw InvalidArgument(
        core::text("BatchNorm: epsilon must be finite and above 0, got ", options.epsilon));
  }
  if (!(options.momentum > 0 && options.momentum <= 1)) {
    throw InvalidArgument(
        core::text("BatchNorm: momentum must be in (0, 1], got ", options.momentum));
  }
  gamma_ = register_parameter("gamma", core::Tensor::full({options.channels}, 1));
  beta_ = register_parameter("beta", core::Tensor::zeros({options.channels}));
  running_mean_ = register_buffer("running_mean", core::Tensor::zeros({options.channels}));
  running_variance_ =
      register_buffer("running_variance", core::Tensor::full({options.channels}, 1));
}

Variable BatchNorm::forward(const Variable& x, const ForwardContext& ctx) const {
  if (!ctx.training()) {
    return ops::batch_norm(x, gamma_, beta_, options_.epsilon,
                           ops::ColumnStatistics{running_mean_.value(), running_variance_.value()});
  }
  ops::ColumnStatistics statistics;
  Variable y = ops::batch_norm(x, gamma_, beta_, options_.epsilon, &statistics);
  follow(statistics.mean, statistics.variance, x.shape()[0]);
  return y;
}

void BatchNorm::follow(const core::Tensor& mean, const core::Tensor& variance,
                       std::int64_t rows) const {
  const auto n = static_cast<double>(rows);
  move_towards(running_mean_, mean, 1, options_.momentum);
  move_towards(running_variance_, variance, rows > 1 ? n / (n - 1) : 1, options_.momentum);
}

}  // namespace attune::nn
