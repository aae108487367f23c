#include "nn/layer_end.hpp"

#include <attune/ops/activations.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/matmul.hpp>

namespace attune::nn {

Variable residual_of(const Features& x, const Variable& weight) {
  if (weight.defined()) {
    return project(x, weight);
  }
  if (const auto* sparse = std::get_if<sparse::CsrMatrix>(&x)) {
    return Variable(sparse::to_dense(*sparse));
  }
  return std::get<Variable>(x);
}

Variable finish(Variable y, const Variable& residual, const Variable& bias, Activation activation) {
  if (residual.defined()) {
    y = ops::add(y, residual);
  }
  if (activation == Activation::elu) {
    return bias.defined() ? ops::bias_elu(y, bias) : ops::elu(y);
  }
  if (bias.defined()) {
    y = ops::add_bias(y, bias);
  }
  return activation == Activation::relu ? ops::relu(y) : y;
}

}  // namespace attune::nn
