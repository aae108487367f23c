#include "nn/checks.hpp"
#include <attune/nn/linear.hpp>
#include <attune/ops/matmul.hpp>

namespace attune::nn {

Linear::Linear(const LinearOptions& options, Initializer& init) : options_(options) {
  require_size(options.in_channels, "Linear", "in_channels");
  require_size(options.out_channels, "Linear", "out_channels");
  require_deviation(options.deviation, "Linear");
  const core::Shape shape{options.in_channels, options.out_channels};
  weight_ = register_parameter(
      "weight", options.deviation > 0
                    ? init.normal(shape, options.deviation)
                    : init.glorot_uniform(shape, options.in_channels, options.out_channels));
  if (options.bias) {
    bias_ = register_parameter("bias", core::Tensor::zeros({options.out_channels}));
  }
}

Variable Linear::forward(const Features& x) const {
  require_features(x, num_rows(x), options_.in_channels, "Linear::forward");
  if (const auto* dense = std::get_if<Variable>(&x)) {
    return ops::linear(*dense, weight_, bias_);
  }
  const Variable y = project(x, weight_);
  return bias_.defined() ? ops::add_bias(y, bias_) : y;
}

}  // namespace attune::nn
