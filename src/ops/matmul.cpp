#include "ops/checks.hpp"
#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/gemm.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/matmul.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

Tensor multiply(const core::GemmShape& shape, const Tensor& a, const Tensor& b) {
  Tensor out = Tensor::empty({shape.m, shape.n}, a.dtype());
  dispatch(a.dtype(), [&]<class T>() {
    core::gemm<T>(shape, a.data<T>(), b.data<T>(), out.mutable_data<T>());
  });
  return out;
}

Tensor column_sums(const Tensor& x) {
  const std::int64_t width = x.size(1);
  return dispatch(x.dtype(), [&]<class T>() {
    const T* rows = x.data<T>().data();
    return core::parallel_reduce_rows<T>(
        x.size(0), row_grain(width), width,
        [rows, width](std::int64_t begin, std::int64_t end, std::span<T> partial) {
          T* total = partial.data();
          for (std::int64_t i = begin; i < end; ++i) {
            const T* row = rows + i * width;
            for (std::int64_t c = 0; c < width; ++c) {
              total[c] += row[c];
            }
          }
        });
  });
}

}  // namespace

Variable matmul(const Variable& x, const Variable& w) {
  const Tensor& a = x.value();
  const Tensor& b = w.value();
  require_rank(a, 2, "ops::matmul", "x", "[n, k]");
  require_rank(b, 2, "ops::matmul", "w", "[k, m]");
  if (a.size(1) != b.size(0)) {
    throw ShapeError(core::text("ops::matmul: w must have ", a.size(1), " rows to follow x ",
                                a.shape().to_string(), ", got ", b.shape().to_string()));
  }
  core::require_same_dtype(a, b, "ops::matmul");
  const std::int64_t n = a.size(0);
  const std::int64_t k = a.size(1);
  const std::int64_t m = b.size(1);
  return record(
      "matmul", multiply({.m = n, .n = m, .k = k}, a, b), {x, w},
      [a, b, n, k, m](Node& node, const Tensor& grad_output) {
        if (node.needs(0)) {
          node.add_grad(0, multiply({.m = n, .n = k, .k = m, .transpose_b = true}, grad_output, b));
        }
        if (node.needs(1)) {
          node.add_grad(1, multiply({.m = k, .n = m, .k = n, .transpose_a = true}, a, grad_output));
        }
      });
}

Variable add_bias(const Variable& x, const Variable& bias) {
  require_rank(x.value(), 2, "ops::add_bias", "x", "[n, c]");
  const std::int64_t width = x.shape()[1];
  core::require_shape(bias.value(), {width}, "ops::add_bias", "bias");
  core::require_same_dtype(x.value(), bias.value(), "ops::add_bias");

  Tensor out = Tensor::empty(x.shape(), x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.value().data<T>().data();
    const T* b = bias.value().data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(x.shape()[0], row_grain(width), [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        for (std::int64_t c = 0; c < width; ++c) {
          to[i * width + c] = in[i * width + c] + b[c];
        }
      }
    });
  });
  return record("add_bias", std::move(out), {x, bias}, [](Node& node, const Tensor& grad_output) {
    if (node.needs(0)) {
      node.add_grad(0, grad_output);
    }
    if (node.needs(1)) {
      node.add_grad(1, column_sums(grad_output));
    }
  });
}

}  // namespace attune::ops
