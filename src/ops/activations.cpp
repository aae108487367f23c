#include <cmath>

#include "ops/kernels.hpp"
#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/activations.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

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
    Tensor grad = Tensor::empty(y.shape(), y.dtype());
    dispatch(y.dtype(), [&]<class T>() {
      const T* g = grad_output.data<T>().data();
      const T* v = y.data<T>().data();
      T* to = grad.mutable_data<T>().data();
      core::parallel_for(y.num_elements(), kElementGrain,
                         [=](std::int64_t begin, std::int64_t end) {
                           kernels::elu_backward<T>(g + begin, v + begin, to + begin, end - begin);
                         });
    });
    node.add_grad(0, std::move(grad));
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
