#include "nn/attention.hpp"

#include <attune/ops/elementwise.hpp>
#include <attune/ops/heads.hpp>
#include <attune/ops/matmul.hpp>

namespace attune::nn {

Variable project_to_heads(const Features& x, std::int64_t num_rows, const Variable& weight,
                          const Variable& bias, std::int64_t heads) {
  Variable z = project(x, weight, num_rows);
  if (bias.defined()) {
    z = ops::add_bias(z, bias);
  }
  return ops::reshape(z, {z.shape()[0], heads, z.shape()[1] / heads});
}

Variable merge_heads(const Variable& heads, bool concat) {
  const core::Shape& shape = heads.shape();
  return concat ? ops::reshape(heads, {shape[0], shape[1] * shape[2]}) : ops::mean_heads(heads);
}

}  // namespace attune::nn
