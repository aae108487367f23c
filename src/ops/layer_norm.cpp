#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/checks.hpp"
#include "ops/dropout_block.hpp"
#include "ops/layer_norm_kernels.hpp"
#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/dropout.hpp>
#include <attune/ops/layer_norm.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

using Keep = core::PoolArray<std::uint8_t>;

struct Normalized {
  Tensor y;
  Tensor rows;               // before gamma and beta
  Tensor inverse_deviation;  // [n]
  Keep keep;                 // of the dropout; empty: none
};

// Rows a task: eight or a multiple, so that the elements of a task begin where dropout may.
std::int64_t norm_grain(std::int64_t width) {
  return std::max<std::int64_t>(8, row_grain(width) / 8 * 8);
}

void check(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon,
           const char* who) {
  require_rank(x, 2, who, "x", "[n, c]");
  if (x.size(1) < 1) {
    throw ShapeError(core::text(who, ": x must have a column, got ", x.shape().to_string()));
  }
  core::require_shape(gamma, {x.size(1)}, who, "gamma");
  core::require_shape(beta, {x.size(1)}, who, "beta");
  core::require_same_dtype(x, gamma, who);
  core::require_same_dtype(x, beta, who);
  if (!(epsilon > 0) || !std::isfinite(epsilon)) {
    throw InvalidArgument(core::text(who, ": epsilon must be finite and above 0, got ", epsilon));
  }
}

template <class T>
Normalized normalize(const Tensor& x, const Tensor* residual, const Tensor& gamma,
                     const Tensor& beta, double epsilon, DropoutRate rate,
                     const core::RandomStream* stream) {
  const std::int64_t c = x.size(1);
  Normalized out{Tensor::empty(x.shape(), x.dtype()), Tensor::empty(x.shape(), x.dtype()),
                 Tensor::empty({x.size(0)}, x.dtype()), Keep(rate.active() ? x.num_elements() : 0)};
  const T* in = x.data<T>().data();
  const T* add = residual != nullptr ? residual->data<T>().data() : nullptr;
  T* y = out.y.mutable_data<T>().data();
  T* rows = out.rows.mutable_data<T>().data();
  T* inverse = out.inverse_deviation.mutable_data<T>().data();
  core::parallel_for(x.size(0), norm_grain(c), [&](std::int64_t begin, std::int64_t end) {
    kernels::NormRows<T> part{.x = in + begin * c,
                              .residual = add != nullptr ? add + begin * c : nullptr,
                              .gamma = gamma.data<T>().data(),
                              .beta = beta.data<T>().data(),
                              .rows = end - begin,
                              .width = c,
                              .epsilon = static_cast<T>(epsilon)};
    if (rate.active()) {
      drop_block<T>(*stream, rate, part.x, rows + begin * c, out.keep.data() + begin * c, begin * c,
                    end * c);
      part.x = rows + begin * c;
    }
    kernels::layer_norm<T>(part, y + begin * c, rows + begin * c, inverse + begin);
  });
  return out;
}

struct NormGradients {
  Tensor x;
  Tensor gamma_and_beta;  // [2 c]
};

template <class T>
NormGradients gradients(const Tensor& grad_y, const Tensor& gamma, const Tensor& rows,
                        const Tensor& inverse_deviation) {
  const std::int64_t c = rows.size(1);
  NormGradients out{Tensor::empty(rows.shape(), rows.dtype()), {}};
  const T* g = grad_y.data<T>().data();
  const T* z = rows.data<T>().data();
  const T* inverse = inverse_deviation.data<T>().data();
  T* grad_x = out.x.mutable_data<T>().data();
  out.gamma_and_beta = core::parallel_reduce_rows<T>(
      rows.size(0), norm_grain(c), 2 * c,
      [&](std::int64_t begin, std::int64_t end, std::span<T> partial) {
        kernels::layer_norm_backward<T>(g + begin * c, gamma.data<T>().data(), z + begin * c,
                                        inverse + begin, end - begin, c, grad_x + begin * c,
                                        partial.data(), partial.data() + c);
      });
  return out;
}

// One half of a tensor of two vectors side by side.
Tensor half(const Tensor& both, int which) {
  return dispatch(both.dtype(), [&]<class T>() {
    const std::span<const T> all = both.data<T>();
    return Tensor::from(all.subspan(which == 0 ? 0 : all.size() / 2, all.size() / 2),
                        {static_cast<std::int64_t>(all.size() / 2)});
  });
}

}  // namespace

Variable layer_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                    double epsilon) {
  check(x.value(), gamma.value(), beta.value(), epsilon, "ops::layer_norm");
  Normalized n = dispatch(x.dtype(), [&]<class T>() {
    return normalize<T>(x.value(), nullptr, gamma.value(), beta.value(), epsilon, {}, nullptr);
  });
  return record("layer_norm", std::move(n.y), {x, gamma, beta},
                [rows = std::move(n.rows), inverse = std::move(n.inverse_deviation),
                 scale = gamma.value()](Node& node, const Tensor& grad_output) {
                  NormGradients g = dispatch(rows.dtype(), [&]<class T>() {
                    return gradients<T>(grad_output, scale, rows, inverse);
                  });
                  node.add_grad(0, std::move(g.x));
                  node.add_grad(1, half(g.gamma_and_beta, 0));
                  node.add_grad(2, half(g.gamma_and_beta, 1));
                });
}

Variable add_layer_norm(const Variable& x, const Variable& residual, const Variable& gamma,
                        const Variable& beta, double epsilon, const BranchDropout& dropout) {
  const char* who = "ops::add_layer_norm";
  check(x.value(), gamma.value(), beta.value(), epsilon, who);
  require_alike(x.value(), residual.value(), who);
  const DropoutRate rate = DropoutRate::of(dropout.stream != nullptr ? dropout.p : 0, who);
  Normalized n = dispatch(x.dtype(), [&]<class T>() {
    return normalize<T>(x.value(), &residual.value(), gamma.value(), beta.value(), epsilon, rate,
                        dropout.stream);
  });
  return record(
      "add_layer_norm", std::move(n.y), {x, residual, gamma, beta},
      [rows = std::move(n.rows), inverse = std::move(n.inverse_deviation), keep = std::move(n.keep),
       kept_scale = rate.scale, scale = gamma.value()](Node& node, const Tensor& grad_output) {
        NormGradients g = dispatch(rows.dtype(), [&]<class T>() {
          return gradients<T>(grad_output, scale, rows, inverse);
        });
        if (node.needs(0)) {
          node.add_grad(0, keep.size() > 0 ? masked(g.x, keep, kept_scale) : g.x);
        }
        node.add_grad(1, std::move(g.x));
        node.add_grad(2, half(g.gamma_and_beta, 0));
        node.add_grad(3, half(g.gamma_and_beta, 1));
      });
}

}  // namespace attune::ops
