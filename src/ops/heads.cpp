#include <algorithm>

#include "ops/checks.hpp"
#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/heads.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

// out[i, c] = mean over h of x[i, h, c]
template <std::floating_point T>
void mean_rows(const T* x, T* out, std::int64_t heads, std::int64_t channels, std::int64_t begin,
               std::int64_t end) {
  const T share = T{1} / static_cast<T>(heads);
  for (std::int64_t i = begin; i < end; ++i) {
    const T* row = x + i * heads * channels;
    T* to = out + i * channels;
    std::copy(row, row + channels, to);
    for (std::int64_t h = 1; h < heads; ++h) {
      for (std::int64_t c = 0; c < channels; ++c) {
        to[c] += row[h * channels + c];
      }
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      to[c] *= share;
    }
  }
}

// grad_x[i, h, c] = grad[i, c] / heads
Tensor spread_over_heads(const Tensor& grad, const core::Shape& shape) {
  const std::int64_t heads = shape[1];
  const std::int64_t channels = shape[2];
  Tensor out = Tensor::empty(shape, grad.dtype());
  dispatch(grad.dtype(), [&]<class T>() {
    const T* g = grad.data<T>().data();
    T* to = out.mutable_data<T>().data();
    const T share = T{1} / static_cast<T>(heads);
    core::parallel_for(shape[0], row_grain(heads * channels),
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i) {
                           for (std::int64_t h = 0; h < heads; ++h) {
                             for (std::int64_t c = 0; c < channels; ++c) {
                               to[(i * heads + h) * channels + c] = share * g[i * channels + c];
                             }
                           }
                         }
                       });
  });
  return out;
}

// out[i, :] = x[i, :] * row[:], with the heads and channels of a node as one axis.
Tensor times_row(const Tensor& x, const Tensor& row) {
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  const std::int64_t width = row.num_elements();
  dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.data<T>().data();
    const T* factors = row.data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(x.size(0), row_grain(width), [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        for (std::int64_t c = 0; c < width; ++c) {
          to[i * width + c] = in[i * width + c] * factors[c];
        }
      }
    });
  });
  return out;
}

// out[:] = sum over i of x[i, :] * y[i, :]
Tensor sum_of_products(const Tensor& x, const Tensor& y, const core::Shape& shape) {
  const std::int64_t width = shape.num_elements();
  Tensor out = dispatch(x.dtype(), [&]<class T>() {
    const T* a = x.data<T>().data();
    const T* b = y.data<T>().data();
    return core::parallel_reduce_rows<T>(
        x.size(0), row_grain(width), width,
        [a, b, width](std::int64_t begin, std::int64_t end, std::span<T> partial) {
          T* total = partial.data();
          for (std::int64_t i = begin; i < end; ++i) {
            for (std::int64_t c = 0; c < width; ++c) {
              total[c] += a[i * width + c] * b[i * width + c];
            }
          }
        });
  });
  return out.reshape(shape);
}

}  // namespace

Variable mean_heads(const Variable& x) {
  require_rank(x.value(), 3, "ops::mean_heads", "x", "[n, heads, channels]");
  const core::Shape& shape = x.shape();
  const std::int64_t heads = shape[1];
  const std::int64_t channels = shape[2];
  if (heads == 0) {
    throw ShapeError(
        core::text("ops::mean_heads: x must have at least one head, got ", shape.to_string()));
  }
  if (heads == 1) {
    return reshape(x, {shape[0], channels});
  }
  Tensor out = Tensor::empty({shape[0], channels}, x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.value().data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(shape[0], row_grain(heads * channels),
                       [=](std::int64_t begin, std::int64_t end) {
                         mean_rows<T>(in, to, heads, channels, begin, end);
                       });
  });
  return record("mean_heads", std::move(out), {x},
                [from = shape](Node& node, const Tensor& grad_output) {
                  node.add_grad(0, spread_over_heads(grad_output, from));
                });
}

Variable head_scale(const Variable& z, const Variable& a) {
  require_rank(z.value(), 3, "ops::head_scale", "z", "[n, heads, channels]");
  core::require_shape(a.value(), {z.shape()[1], z.shape()[2]}, "ops::head_scale", "a");
  core::require_same_dtype(z.value(), a.value(), "ops::head_scale");
  return record("head_scale", times_row(z.value(), a.value()), {z, a},
                [x = z.value(), row = a.value()](Node& node, const Tensor& grad_output) {
                  if (node.needs(0)) {
                    node.add_grad(0, times_row(grad_output, row));
                  }
                  if (node.needs(1)) {
                    node.add_grad(1, sum_of_products(grad_output, x, row.shape()));
                  }
                });
}

}  // namespace attune::ops
