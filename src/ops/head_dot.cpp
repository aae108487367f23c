#include "ops/checks.hpp"
#include "ops/loops.hpp"
#include <attune/ops/heads.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

// out[i, h] = sum over c of x[i, h, c] * a[h, c]
Tensor head_dots(const Tensor& x, const Tensor& a) {
  const std::int64_t heads = a.size(0);
  const std::int64_t channels = a.size(1);
  Tensor out = Tensor::empty({x.size(0), heads}, x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.data<T>().data();
    const T* vectors = a.data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(x.size(0), row_grain(heads * channels),
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t k = begin * heads; k < end * heads; ++k) {
                           const T* vector = vectors + k % heads * channels;
                           T sum = 0;
                           for (std::int64_t c = 0; c < channels; ++c) {
                             sum += in[k * channels + c] * vector[c];
                           }
                           to[k] = sum;
                         }
                       });
  });
  return out;
}

// out[i, h, c] = g[i, h] * a[h, c]
Tensor outer_products(const Tensor& g, const Tensor& a) {
  const std::int64_t heads = a.size(0);
  const std::int64_t channels = a.size(1);
  Tensor out = Tensor::empty({g.size(0), heads, channels}, g.dtype());
  dispatch(g.dtype(), [&]<class T>() {
    const T* factors = g.data<T>().data();
    const T* vectors = a.data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(g.size(0), row_grain(heads * channels),
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t k = begin * heads; k < end * heads; ++k) {
                           const T* vector = vectors + k % heads * channels;
                           for (std::int64_t c = 0; c < channels; ++c) {
                             to[k * channels + c] = factors[k] * vector[c];
                           }
                         }
                       });
  });
  return out;
}

// out[h, c] = sum over i of g[i, h] * x[i, h, c]
Tensor sum_of_weighted_heads(const Tensor& g, const Tensor& x) {
  const std::int64_t heads = x.size(1);
  const std::int64_t channels = x.size(2);
  Tensor out = dispatch(x.dtype(), [&]<class T>() {
    const T* factors = g.data<T>().data();
    const T* in = x.data<T>().data();
    return core::parallel_reduce_rows<T>(
        x.size(0), row_grain(heads * channels), heads * channels,
        [=](std::int64_t begin, std::int64_t end, std::span<T> partial) {
          for (std::int64_t k = begin * heads; k < end * heads; ++k) {
            T* total = partial.data() + k % heads * channels;
            for (std::int64_t c = 0; c < channels; ++c) {
              total[c] += factors[k] * in[k * channels + c];
            }
          }
        });
  });
  return out.reshape({heads, channels});
}

}  // namespace

Variable head_dot(const Variable& z, const Variable& a) {
  require_rank(z.value(), 3, "ops::head_dot", "z", "[n, heads, channels]");
  core::require_shape(a.value(), {z.shape()[1], z.shape()[2]}, "ops::head_dot", "a");
  core::require_same_dtype(z.value(), a.value(), "ops::head_dot");
  return record("head_dot", head_dots(z.value(), a.value()), {z, a},
                [x = z.value(), vectors = a.value()](Node& node, const Tensor& grad_output) {
                  if (node.needs(0)) {
                    node.add_grad(0, outer_products(grad_output, vectors));
                  }
                  if (node.needs(1)) {
                    node.add_grad(1, sum_of_weighted_heads(grad_output, x));
                  }
                });
}

}  // namespace attune::ops
