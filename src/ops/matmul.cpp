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

void check_matrices(const Tensor& x, const Tensor& w, const char* who) {
  require_rank(x, 2, who, "x", "[n, k]");
  require_rank(w, 2, who, "w", "[k, m]");
  if (x.size(1) != w.size(0)) {
    throw ShapeError(core::text(who, ": w must have ", x.size(1), " rows to follow x ",
                                x.shape().to_string(), ", got ", w.shape().to_string()));
  }
  core::require_same_dtype(x, w, who);
}

// A product with the bias added to each part of it while it is in the cache.
Tensor multiply_add(const core::GemmShape& shape, const Tensor& x, const Tensor& w,
                    const Tensor& bias) {
  const std::int64_t m = shape.n;
  Tensor out = Tensor::empty({shape.m, m}, x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    T* to = out.mutable_data<T>().data();
    const T* b = bias.data<T>().data();
    const auto add = [=](const core::GemmBlock& block) {
      for (std::int64_t i = block.row_begin; i < block.row_end; ++i) {
        for (std::int64_t c = block.column_begin; c < block.column_end; ++c) {
          to[i * m + c] += b[c];
        }
      }
    };
    const core::GemmFinish finish(add);
    core::gemm<T>(shape, x.data<T>(), w.data<T>(), out.mutable_data<T>(), &finish);
  });
  return out;
}

// Hands over a b for an input: on top of what it has been given so far, where that may be changed.
void add_product(Node& node, int input, core::GemmShape shape, const Tensor& a, const Tensor& b) {
  Tensor sum = node.take_grad(input);
  if (!sum.defined()) {
    node.add_grad(input, multiply(shape, a, b));
    return;
  }
  shape.accumulate = true;
  dispatch(a.dtype(), [&]<class T>() {
    core::gemm<T>(shape, a.data<T>(), b.data<T>(), sum.mutable_data<T>());
  });
  node.add_grad(input, std::move(sum));
}

void add_product_gradients(Node& node, const Tensor& x, const Tensor& w, const Tensor& grad) {
  const std::int64_t n = x.size(0);
  const std::int64_t k = x.size(1);
  const std::int64_t m = w.size(1);
  if (node.needs(0)) {
    add_product(node, 0, {.m = n, .n = k, .k = m, .transpose_b = true}, grad, w);
  }
  if (node.needs(1)) {
    node.add_grad(1, multiply({.m = k, .n = m, .k = n, .transpose_a = true}, x, grad));
  }
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
  check_matrices(x.value(), w.value(), "ops::matmul");
  const core::GemmShape shape{.m = x.shape()[0], .n = w.shape()[1], .k = x.shape()[1]};
  return record("matmul", multiply(shape, x.value(), w.value()), {x, w},
                [a = x.value(), b = w.value()](Node& node, const Tensor& grad_output) {
                  add_product_gradients(node, a, b, grad_output);
                });
}

Variable linear(const Variable& x, const Variable& w, const Variable& bias) {
  if (!bias.defined()) {
    return matmul(x, w);
  }
  const char* who = "ops::linear";
  check_matrices(x.value(), w.value(), who);
  core::require_shape(bias.value(), {w.shape()[1]}, who, "bias");
  core::require_same_dtype(x.value(), bias.value(), who);
  const core::GemmShape shape{.m = x.shape()[0], .n = w.shape()[1], .k = x.shape()[1]};
  return record("linear", multiply_add(shape, x.value(), w.value(), bias.value()), {x, w, bias},
                [a = x.value(), b = w.value()](Node& node, const Tensor& grad_output) {
                  add_product_gradients(node, a, b, grad_output);
                  if (node.needs(2)) {
                    node.add_grad(2, column_sums(grad_output));
                  }
                });
}

Variable linear_transposed(const Variable& x, const Variable& w, const Variable& bias) {
  const char* who = "ops::linear_transposed";
  require_rank(x.value(), 2, who, "x", "[n, k]");
  require_rank(w.value(), 2, who, "w", "[m, k]");
  core::require_shape(w.value(), {w.shape()[0], x.shape()[1]}, who, "w");
  core::require_shape(bias.value(), {w.shape()[0]}, who, "bias");
  core::require_same_dtype(x.value(), w.value(), who);
  core::require_same_dtype(x.value(), bias.value(), who);
  const std::int64_t n = x.shape()[0];
  const std::int64_t k = x.shape()[1];
  const std::int64_t m = w.shape()[0];
  const core::GemmShape shape{.m = n, .n = m, .k = k, .transpose_b = true};
  return record(
      "linear_transposed", multiply_add(shape, x.value(), w.value(), bias.value()), {x, w, bias},
      [a = x.value(), b = w.value(), n, k, m](Node& node, const Tensor& grad_output) {
        if (node.needs(0)) {
          node.add_grad(0, multiply({.m = n, .n = k, .k = m}, grad_output, b));
        }
        if (node.needs(1)) {
          node.add_grad(1, multiply({.m = m, .n = k, .k = n, .transpose_a = true}, grad_output, a));
        }
        if (node.needs(2)) {
          node.add_grad(2, column_sums(grad_output));
        }
      });
}

Variable add_bias(Variable x, const Variable& bias) {
  require_rank(x.value(), 2, "ops::add_bias", "x", "[n, c]");
  const std::int64_t width = x.shape()[1];
  core::require_shape(bias.value(), {width}, "ops::add_bias", "bias");
  core::require_same_dtype(x.value(), bias.value(), "ops::add_bias");

  Tensor in_place = x.take_value();
  const Tensor from = in_place.defined() ? in_place : x.value();
  Tensor out = in_place.defined() ? std::move(in_place) : Tensor::empty(from.shape(), from.dtype());
  dispatch(out.dtype(), [&]<class T>() {
    const T* in = from.data<T>().data();
    const T* b = bias.value().data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(out.size(0), row_grain(width), [=](std::int64_t begin, std::int64_t end) {
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
