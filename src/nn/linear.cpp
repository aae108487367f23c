#include "nn/checks.hpp"
#include <attune/nn/linear.hpp>
#include <attune/ops/matmul.hpp>

namespace attune::nn {

Linear::Linear(const LinearOptions& options, Initializer& init) : options_(options) {
  require_size(options.in_channels, "Linear", "in_channels");
  require_size(options.out_channels, "Linear", "out_channels");
  weight_ =
      register_parameter("weight", init.glorot_uniform({options.in_channels, options.out_channels},
                                                       options.in_channels, options.out_channels));
  if (options.bias) {
    bias_ = register_parameter("bias", core::Tensor::zeros({options.out_channels}));
  }
}

Variable Linear::forward(const Features& x) const {
  require_features(x, num_rows(x), options_.in_channels, "Linear::forward");
  const Variable y = project(x, weight_);
  return bias_.defined() ? ops::add_bias(y, bias_) : y;
}

}  // namespace attune::nn
