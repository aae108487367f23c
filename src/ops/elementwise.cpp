#include "ops/checks.hpp"
#include "ops/loops.hpp"
#include <attune/ops/elementwise.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

Tensor scaled(const Tensor& x, double factor) {
  return dispatch(x.dtype(), [&]<class T>() {
    return map<T>(x, [f = static_cast<T>(factor)](T v) { return f * v; });
  });
}

Tensor product(const Tensor& x, const Tensor& y) {
  return dispatch(x.dtype(),
                  [&]<class T>() { return zip<T>(x, y, [](T a, T b) { return a * b; }); });
}

}  // namespace

Variable add(Variable x, const Variable& y) {
  require_alike(x.value(), y.value(), "ops::add");
  Tensor out = x.take_value();
  dispatch(y.dtype(), [&]<class T>() {
    const auto sum = [](T a, T b) { return a + b; };
    if (out.defined()) {
      zip_into<T>(out, y.value(), out, sum);
    } else {
      out = zip<T>(x.value(), y.value(), sum);
    }
  });
  return record("add", std::move(out), {x, y}, [](Node& node, const Tensor& grad_output) {
    for (const int i : {0, 1}) {
      if (node.needs(i)) {
        node.add_grad(i, grad_output);
      }
    }
  });
}

Variable sub(const Variable& x, const Variable& y) {
  require_alike(x.value(), y.value(), "ops::sub");
  Tensor out = dispatch(x.dtype(), [&]<class T>() {
    return zip<T>(x.value(), y.value(), [](T a, T b) { return a - b; });
  });
  return record("sub", std::move(out), {x, y}, [](Node& node, const Tensor& grad_output) {
    if (node.needs(0)) {
      node.add_grad(0, grad_output);
    }
    if (node.needs(1)) {
      node.add_grad(1, scaled(grad_output, -1));
    }
  });
}

Variable mul(const Variable& x, const Variable& y) {
  require_alike(x.value(), y.value(), "ops::mul");
  return record("mul", product(x.value(), y.value()), {x, y},
                [a = x.value(), b = y.value()](Node& node, const Tensor& grad_output) {
                  if (node.needs(0)) {
                    node.add_grad(0, product(grad_output, b));
                  }
                  if (node.needs(1)) {
                    node.add_grad(1, product(grad_output, a));
                  }
                });
}

Variable scale(const Variable& x, double factor) {
  return record("scale", scaled(x.value(), factor), {x},
                [factor](Node& node, const Tensor& grad_output) {
                  node.add_grad(0, scaled(grad_output, factor));
                });
}

Variable reshape(const Variable& x, const core::Shape& shape) {
  return record("reshape", x.value().reshape(shape), {x},
                [from = x.shape()](Node& node, const Tensor& grad_output) {
                  node.add_grad(0, grad_output.reshape(from));
                });
}

}  // namespace attune::ops
