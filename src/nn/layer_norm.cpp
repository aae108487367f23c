#include <cmath>
#include <optional>

#include "nn/checks.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/nn/layer_norm.hpp>
#include <attune/ops/layer_norm.hpp>

namespace attune::nn {

LayerNorm::LayerNorm(const LayerNormOptions& options) : epsilon_(options.epsilon) {
  require_size(options.channels, "LayerNorm", "channels");
  if (!(epsilon_ > 0) || !std::isfinite(epsilon_)) {
    throw InvalidArgument(
        core::text("LayerNorm: epsilon must be finite and above 0, got ", epsilon_));
  }
  gamma_ = register_parameter("gamma", core::Tensor::full({options.channels}, 1));
  beta_ = register_parameter("beta", core::Tensor::zeros({options.channels}));
}

Variable LayerNorm::forward(const Variable& x) const {
  return ops::layer_norm(x, gamma_, beta_, epsilon_);
}

Variable LayerNorm::forward(const Variable& branch, const Variable& residual, double dropout,
                            ForwardContext& ctx) const {
  std::optional<core::RandomStream> stream;
  if (ctx.training() && dropout > 0) {
    stream = ctx.next_stream();
  }
  return ops::add_layer_norm(branch, residual, gamma_, beta_, epsilon_,
                             {.p = dropout, .stream = stream ? &*stream : nullptr});
}

}  // namespace attune::nn
