#include <cmath>
#include <utility>

#include "ops/checks.hpp"
#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/batch_norm.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::DType;
using core::Tensor;

namespace {

constexpr const char* kWho = "ops::batch_norm";

void check(const Variable& x, const Variable& gamma, const Variable& beta, double epsilon) {
  require_rank(x.value(), 2, kWho, "x", "[n, c]");
  if (x.shape()[0] == 0 || x.shape()[1] == 0) {
    throw ShapeError(
        core::text(kWho, ": x must have rows and columns, got ", x.shape().to_string()));
  }
  for (const auto& [vector, name] : {std::pair(&gamma, "gamma"), std::pair(&beta, "beta")}) {
    core::require_shape(vector->value(), {x.shape()[1]}, kWho, name);
    core::require_same_dtype(x.value(), vector->value(), kWho);
  }
  if (!(epsilon > 0) || !std::isfinite(epsilon)) {
    throw InvalidArgument(core::text(kWho, ": epsilon must be finite and above 0, got ", epsilon));
  }
}

// sums[c] = sum over the rows i of f(i, c), `count` such sums side by side: f(i, c, sums at c).
template <class F>
Tensor column_sums(const core::Shape& shape, std::int64_t count, const F& f) {
  const std::int64_t width = shape[1];
  return core::parallel_reduce_rows<double>(
      shape[0], row_grain(width), count * width,
      [&](std::int64_t begin, std::int64_t end, std::span<double> sums) {
        for (std::int64_t i = begin; i < end; ++i) {
          for (std::int64_t c = 0; c < width; ++c) {
            f(i * width + c, c, sums.data() + c);
          }
        }
      });
}

Tensor divided(Tensor sums, std::int64_t n) {
  for (double& sum : sums.mutable_data<double>()) {
    sum /= static_cast<double>(n);
  }
  return sums;
}

// In double.
ColumnStatistics statistics_of(const Tensor& x) {
  return dispatch(x.dtype(), [&]<class T>() {
    const T* const in = x.data<T>().data();
    Tensor mean = divided(column_sums(x.shape(), 1,
                                      [&](std::int64_t at, std::int64_t /*c*/, double* sum) {
                                        *sum += static_cast<double>(in[at]);
                                      }),
                          x.size(0));
    const double* const centre = mean.data<double>().data();
    Tensor variance = divided(column_sums(x.shape(), 1,
                                          [&](std::int64_t at, std::int64_t c, double* sum) {
                                            const double from_mean =
                                                static_cast<double>(in[at]) - centre[c];
                                            *sum += from_mean * from_mean;
                                          }),
                              x.size(0));
    return ColumnStatistics{std::move(mean), std::move(variance)};
  });
}

// What the backward pass needs.
struct Saved {
  Tensor x;
  Tensor gamma;
  Tensor mean;     // [c], double
  Tensor inverse;  // 1 / sqrt(variance + epsilon), [c], double
  bool of_x;       // the statistics are functions of x

  [[nodiscard]] double normal(double value, std::int64_t c) const {
    return (value - mean.data<double>()[c]) * inverse.data<double>()[c];
  }
};

Saved saved_of(const Tensor& x, const Tensor& gamma, const ColumnStatistics& statistics,
               double epsilon, bool of_x) {
  Tensor inverse = Tensor::empty({x.size(1)}, DType::f64);
  const std::span<const double> variance = statistics.variance.data<double>();
  for (std::int64_t c = 0; c < x.size(1); ++c) {
    inverse.mutable_data<double>()[c] = 1 / std::sqrt(variance[c] + epsilon);
  }
  return {x, gamma, statistics.mean, std::move(inverse), of_x};
}

// out[i, c] = f(i * width + c, c).
template <class T, class F>
Tensor each(const core::Shape& shape, const F& f) {
  Tensor out = Tensor::empty(shape, core::kDTypeOf<T>);
  T* const to = out.mutable_data<T>().data();
  const std::int64_t width = shape[1];
  core::parallel_for(shape[0], row_grain(width), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t c = 0; c < width; ++c) {
        to[i * width + c] = static_cast<T>(f(i * width + c, c));
      }
    }
  });
  return out;
}

// With z the normalised x and n rows, where the statistics are those of x:
// grad_x = gamma inverse (grad - mean of grad - z mean of grad z).
template <class T>
void differentiate(const Saved& saved, Node& node, const Tensor& grad_output) {
  const T* const g = grad_output.data<T>().data();
  const T* const x = saved.x.data<T>().data();
  const T* const gamma = saved.gamma.data<T>().data();
  const std::int64_t width = saved.x.size(1);
  // Those of grad, then those of grad z.
  const Tensor both =
      column_sums(saved.x.shape(), 2, [&](std::int64_t at, std::int64_t c, double* sum) {
        sum[0] += static_cast<double>(g[at]);
        sum[width] += static_cast<double>(g[at]) * saved.normal(static_cast<double>(x[at]), c);
      });
  const double* const of_grad = both.data<double>().data();
  const double* const of_grad_z = of_grad + width;
  const double share = saved.of_x ? 1 / static_cast<double>(saved.x.size(0)) : 0;
  const double* const inverse = saved.inverse.data<double>().data();
  node.add_grad(0, each<T>(saved.x.shape(), [&](std::int64_t at, std::int64_t c) {
                  const double z = saved.normal(static_cast<double>(x[at]), c);
                  return static_cast<double>(gamma[c]) * inverse[c] *
                         (static_cast<double>(g[at]) - share * (of_grad[c] + z * of_grad_z[c]));
                }));
  const core::Shape row{1, width};
  node.add_grad(
      1, each<T>(row, [&](std::int64_t, std::int64_t c) { return of_grad_z[c]; }).reshape({width}));
  node.add_grad(
      2, each<T>(row, [&](std::int64_t, std::int64_t c) { return of_grad[c]; }).reshape({width}));
}

Variable normalised(const Variable& x, const Variable& gamma, const Variable& beta,
                    const ColumnStatistics& statistics, double epsilon, bool of_x) {
  Saved saved = saved_of(x.value(), gamma.value(), statistics, epsilon, of_x);
  Tensor out = dispatch(x.dtype(), [&]<class T>() {
    const T* const in = x.value().data<T>().data();
    const T* const scale = gamma.value().data<T>().data();
    const T* const shift = beta.value().data<T>().data();
    return each<T>(x.shape(), [&](std::int64_t at, std::int64_t c) {
      return static_cast<double>(scale[c]) * saved.normal(static_cast<double>(in[at]), c) +
             static_cast<double>(shift[c]);
    });
  });
  return record("batch_norm", std::move(out), {x, gamma, beta},
                [saved = std::move(saved)](Node& node, const Tensor& grad_output) {
                  dispatch(grad_output.dtype(),
                           [&]<class T>() { differentiate<T>(saved, node, grad_output); });
                });
}

}  // namespace

Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta, double epsilon,
                    ColumnStatistics* statistics) {
  check(x, gamma, beta, epsilon);
  const ColumnStatistics found = statistics_of(x.value());
  if (statistics != nullptr) {
    *statistics = {found.mean.to(x.dtype()), found.variance.to(x.dtype())};
  }
  return normalised(x, gamma, beta, found, epsilon, true);
}

Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta, double epsilon,
                    const ColumnStatistics& statistics) {
  check(x, gamma, beta, epsilon);
  core::require_shape(statistics.mean, {x.shape()[1]}, kWho, "mean");
  core::require_shape(statistics.variance, {x.shape()[1]}, kWho, "variance");
  const ColumnStatistics wide{statistics.mean.to(DType::f64), statistics.variance.to(DType::f64)};
  return normalised(x, gamma, beta, wide, epsilon, false);
}

}  // namespace attune::ops
