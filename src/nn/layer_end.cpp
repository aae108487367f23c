#include "nn/layer_end.hpp"

#include <utility>

#include <attune/ops/activations.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/matmul.hpp>
#include <attune/ops/rows.hpp>

namespace attune::nn {

Variable residual_of(const Features& x, std::int64_t num_rows, const Variable& weight) {
  if (weight.defined()) {
    return project(x, weight, num_rows);
  }
  if (const auto* sparse = std::get_if<sparse::CsrMatrix>(&x)) {
    return ops::first_rows(Variable(sparse::to_dense(*sparse)), num_rows);
  }
  return ops::first_rows(std::get<Variable>(x), num_rows);
}

Variable finish(Variable y, const Variable& residual, const Variable& bias, Activation activation) {
  if (residual.defined()) {
    y = ops::add(std::move(y), residual);
  }
  if (activation == Activation::elu) {
    return bias.defined() ? ops::bias_elu(y, bias) : ops::elu(y);
  }
  if (bias.defined()) {
    y = ops::add_bias(std::move(y), bias);
  }
  return activation == Activation::relu ? ops::relu(y) : y;
}

}  // namespace attune::nn
