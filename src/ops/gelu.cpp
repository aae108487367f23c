#include <cmath>
#include <utility>

#include "ops/gelu_kernels.hpp"
#include "ops/loops.hpp"
#include <attune/ops/gelu.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

Tensor gelu_of(const Tensor& x, GeluForm form) {
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(x.num_elements(), kElementGrain, [=](std::int64_t begin, std::int64_t end) {
      const auto kernel = form == GeluForm::exact ? kernels::gelu<T> : kernels::gelu_tanh<T>;
      kernel(in + begin, to + begin, end - begin);
    });
  });
  return out;
}

Tensor gelu_gradient(const Tensor& grad_y, const Tensor& x, GeluForm form) {
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* g = grad_y.data<T>().data();
    const T* in = x.data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(x.num_elements(), kElementGrain, [=](std::int64_t begin, std::int64_t end) {
      const auto kernel =
          form == GeluForm::exact ? kernels::gelu_backward<T> : kernels::gelu_tanh_backward<T>;
      kernel(g + begin, in + begin, to + begin, end - begin);
    });
  });
  return out;
}

}  // namespace

Variable gelu(const Variable& x, GeluForm form) {
  return record("gelu", gelu_of(x.value(), form), {x},
                [in = x.value(), form](Node& node, const Tensor& grad_output) {
                  node.add_grad(0, gelu_gradient(grad_output, in, form));
                });
}

Variable tanh(const Variable& x) {
  Tensor out = dispatch(
      x.dtype(), [&]<class T>() { return map<T>(x.value(), [](T v) { return std::tanh(v); }); });
  return record("tanh", out, {x}, [y = out](Node& node, const Tensor& grad_output) {
    node.add_grad(0, dispatch(y.dtype(), [&]<class T>() {
                    return zip<T>(grad_output, y, [](T g, T v) { return g * (1 - v * v); });
                  }));
  });
}

}  // namespace attune::ops
