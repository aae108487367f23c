#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/checks.hpp"
#include "ops/kernels.hpp"
#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/activations.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

Tensor elu_gradient(const Tensor& grad_y, const Tensor& y) {
  Tensor grad_x = Tensor::empty(y.shape(), y.dtype());
  dispatch(y.dtype(), [&]<class T>() {
    const T* g = grad_y.data<T>().data();
    const T* v = y.data<T>().data();
    T* to = grad_x.mutable_data<T>().data();
    core::parallel_for(y.num_elements(), kElementGrain, [=](std::int64_t begin, std::int64_t end) {
      kernels::elu_backward<T>(g + begin, v + begin, to + begin, end - begin);
    });
  });
  return grad_x;
}

// The bias, repeated until it is as long as kernels::bias_elu reads.
template <std::floating_point T>
core::PoolArray<T> cyclic(std::span<const T> bias) {
  const auto width = static_cast<std::int64_t>(bias.size());
  core::PoolArray<T> repeated(width + kernels::kCyclicPadding);
  for (std::int64_t c = 0; c < repeated.size(); ++c) {
    repeated.data()[c] = bias[static_cast<std::size_t>(c % width)];
  }
  return repeated;
}

// grad_x of the rows [begin, end), and their sums by column added to grad_bias.
template <std::floating_point T>
void bias_elu_backward_rows(const T* grad_y, const T* y, T* grad_x, std::span<T> grad_bias,
                            std::int64_t begin, std::int64_t end) {
  const auto width = static_cast<std::int64_t>(grad_bias.size());
  if (width == 0) {
    return;
  }
  core::PoolArray<T> sums(width + kernels::kCyclicPadding);
  std::fill_n(sums.data(), sums.size(), T{0});
  const std::int64_t first = begin * width;
  kernels::bias_elu_backward<T>(grad_y + first, y + first, width, grad_x + first, sums.data(),
                                (end - begin) * width);
  for (std::int64_t c = 0; c < sums.size(); ++c) {
    grad_bias[static_cast<std::size_t>(c % width)] += sums.data()[c];
  }
}

void add_bias_elu_gradients(Node& node, const Tensor& grad_y, const Tensor& y) {
  Tensor grad_x = Tensor::empty(y.shape(), y.dtype());
  const std::int64_t width = y.size(1);
  Tensor grad_bias = dispatch(y.dtype(), [&]<class T>() {
    const T* g = grad_y.data<T>().data();
    const T* v = y.data<T>().data();
    T* to = grad_x.mutable_data<T>().data();
    return core::parallel_reduce_rows<T>(
        y.size(0), row_grain(width), width,
        [=](std::int64_t begin, std::int64_t end, std::span<T> partial) {
          bias_elu_backward_rows<T>(g, v, to, partial, begin, end);
        });
  });
  node.add_grad(0, std::move(grad_x));
  node.add_grad(1, std::move(grad_bias));
}

}  // namespace

Variable relu(const Variable& x) {
  Tensor out = dispatch(x.dtype(), [&]<class T>() {
    return map<T>(x.value(), [](T v) { return v < 0 ? T{0} : v; });  // NaN stays NaN
  });
  return record("relu", out, {x}, [y = out](Node& node, const Tensor& grad_output) {
    node.add_grad(0, dispatch(y.dtype(), [&]<class T>() {
                    return zip<T>(grad_output, y, [](T g, T v) { return v > 0 ? g : T{0}; });
                  }));
  });
}

Variable leaky_relu(const Variable& x, double negative_slope) {
  if (!std::isfinite(negative_slope)) {
    throw InvalidArgument(
        core::text("ops::leaky_relu: negative_slope must be finite, got ", negative_slope));
  }
  Tensor out = dispatch(x.dtype(), [&]<class T>() {
    return map<T>(x.value(),
                  [s = static_cast<T>(negative_slope)](T v) { return v > 0 ? v : s * v; });
  });
  return record("leaky_relu", std::move(out), {x},
                [in = x.value(), negative_slope](Node& node, const Tensor& grad_output) {
                  node.add_grad(0, dispatch(in.dtype(), [&]<class T>() {
                                  const T s = static_cast<T>(negative_slope);
                                  return zip<T>(grad_output, in,
                                                [s](T g, T v) { return v > 0 ? g : s * g; });
                                }));
                });
}

Variable elu(const Variable& x) {
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.value().data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(out.num_elements(), kElementGrain,
                       [=](std::int64_t begin, std::int64_t end) {
                         kernels::elu<T>(in + begin, to + begin, end - begin);
                       });
  });
  return record("elu", out, {x}, [y = out](Node& node, const Tensor& grad_output) {
    node.add_grad(0, elu_gradient(grad_output, y));
  });
}

Variable bias_elu(const Variable& x, const Variable& bias) {
  require_rank(x.value(), 2, "ops::bias_elu", "x", "[n, c]");
  const std::int64_t width = x.shape()[1];
  core::require_shape(bias.value(), {width}, "ops::bias_elu", "bias");
  core::require_same_dtype(x.value(), bias.value(), "ops::bias_elu");
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  if (width > 0) {
    dispatch(x.dtype(), [&]<class T>() {
      const core::PoolArray<T> repeated = cyclic<T>(bias.value().data<T>());
      const T* in = x.value().data<T>().data();
      const T* b = repeated.data();
      T* to = out.mutable_data<T>().data();
      core::parallel_for(out.size(0), row_grain(width), [=](std::int64_t begin, std::int64_t end) {
        kernels::bias_elu<T>(in + begin * width, b, width, to + begin * width,
                             (end - begin) * width);
      });
    });
  }
  return record("bias_elu", out, {x, bias}, [y = out](Node& node, const Tensor& grad_output) {
    add_bias_elu_gradients(node, grad_output, y);
  });
}

Variable sigmoid(const Variable& x) {
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.value().data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(out.num_elements(), kElementGrain,
                       [=](std::int64_t begin, std::int64_t end) {
                         kernels::sigmoid<T>(in + begin, to + begin, end - begin);
                       });
  });
  return record("sigmoid", out, {x}, [y = out](Node& node, const Tensor& grad_output) {
    node.add_grad(0, dispatch(y.dtype(), [&]<class T>() {
                    return zip<T>(grad_output, y, [](T g, T v) { return g * v * (1 - v); });
                  }));
  });
}

}  // namespace attune::ops
