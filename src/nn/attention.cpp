#include "nn/attention.hpp"

#include <utility>
#include <variant>

#include <attune/ops/elementwise.hpp>
#include <attune/ops/heads.hpp>
#include <attune/ops/matmul.hpp>
#include <attune/ops/rows.hpp>

namespace attune::nn {

Variable project_to_heads(const Features& x, std::int64_t num_rows, const Variable& weight,
                          const Variable& bias, std::int64_t heads) {
  Variable z;
  if (const auto* dense = std::get_if<Variable>(&x)) {
    z = ops::linear(ops::first_rows(*dense, num_rows), weight, bias);
  } else {
    z = project(x, weight, num_rows);
    z = bias.defined() ? ops::add_bias(std::move(z), bias) : z;
  }
  return ops::reshape(z, {z.shape()[0], heads, z.shape()[1] / heads});
}

Variable merge_heads(const Variable& heads, bool concat) {
  const core::Shape& shape = heads.shape();
  return concat ? ops::reshape(heads, {shape[0], shape[1] * shape[2]}) : ops::mean_heads(heads);
}

}  // namespace attune::nn
