#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/reductions.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

// Eight running sums: one would wait for itself at every addition.
template <std::floating_point T>
double block_sum(const T* x, std::int64_t n) {
  double sums[8] = {};
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int k = 0; k < 8; ++k) {
      sums[k] += static_cast<double>(x[i + k]);
    }
  }
  double rest = 0;
  for (; i < n; ++i) {
    rest += static_cast<double>(x[i]);
  }
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7])) +
         rest;
}

// factor * sum of all elements.
Variable scaled_sum(const char* name, const Variable& x, double factor) {
  const double total = dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.value().data<T>().data();
    return core::parallel_sum(
        x.value().num_elements(), kElementGrain,
        [in](std::int64_t begin, std::int64_t end) { return block_sum(in + begin, end - begin); });
  });
  return record(name, Tensor::full({}, factor * total, x.dtype()), {x},
                [shape = x.shape(), factor](Node& node, const Tensor& grad_output) {
                  node.add_grad(
                      0, Tensor::full(shape, factor * grad_output.item(), grad_output.dtype()));
                });
}

}  // namespace

Variable sum(const Variable& x) {
  return scaled_sum("sum", x, 1);
}

Variable mean(const Variable& x) {
  const std::int64_t n = x.value().num_elements();
  if (n == 0) {
    throw ShapeError(core::text("ops::mean: x must have elements, got ", x.shape().to_string()));
  }
  return scaled_sum("mean", x, 1.0 / static_cast<double>(n));
}

}  // namespace attune::ops
