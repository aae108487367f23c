#include "nn/checks.hpp"
#include <attune/nn/lstm.hpp>
#include <attune/ops/lstm.hpp>

namespace attune::nn {

namespace {

// Four gates of as many columns must be a size too.
LinearOptions input_map(const LstmOptions& options) {
  require_size(options.in_channels, "Lstm", "in_channels");
  require_size(options.out_channels, "Lstm", "out_channels");
  return {.in_channels = options.in_channels,
          .out_channels = 4 * options.out_channels,
          .deviation = options.deviation};
}

}  // namespace

Lstm::Lstm(const LstmOptions& options, Initializer& init) : input_(input_map(options), init) {
  const core::Shape shape{options.out_channels, 4 * options.out_channels};
  register_module("input", input_);
  recurrent_ = register_parameter(
      "recurrent", options.deviation > 0 ? init.normal(shape, options.deviation)
                                         : init.glorot_uniform(shape, shape[0], shape[1]));
}

Variable Lstm::forward(const TokenRows& x) const {
  return ops::lstm(input_.forward(x.rows), recurrent_, x.starts);
}

}  // namespace attune::nn
