#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "ops/checks.hpp"
#include "ops/loops.hpp"
#include <attune/ops/segment_pool.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

constexpr const char* kPool = "ops::segment_pool";

// The rows of one sample.
template <class T>
struct Sample {
  const T* x;      // [rows, width]
  const T* alpha;  // [rows, columns]
  std::int64_t rows;
  std::int64_t width;
  std::int64_t columns;
};

// Softmax of each column of scores over the rows of one sample.
template <class T>
void softmax_rows(const T* scores, std::int64_t rows, std::int64_t columns, T* alpha) {
  for (std::int64_t g = 0; g < columns; ++g) {
    T most = scores[g];
    for (std::int64_t r = 1; r < rows; ++r) {
      most = std::max(most, scores[r * columns + g]);
    }
    T sum = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
      alpha[r * columns + g] = std::exp(scores[r * columns + g] - most);
      sum += alpha[r * columns + g];
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      alpha[r * columns + g] /= sum;
    }
  }
}

template <class T>
void weigh(const Sample<T>& sample, T* y) {
  std::fill_n(y, sample.columns * sample.width, T{0});
  for (std::int64_t r = 0; r < sample.rows; ++r) {
    for (std::int64_t g = 0; g < sample.columns; ++g) {
      const T a = sample.alpha[r * sample.columns + g];
      for (std::int64_t c = 0; c < sample.width; ++c) {
        y[g * sample.width + c] += a * sample.x[r * sample.width + c];
      }
    }
  }
}

template <class T>
void weigh_backward(const Sample<T>& sample, const T* grad_y, T* grad_x) {
  std::fill_n(grad_x, sample.rows * sample.width, T{0});
  for (std::int64_t r = 0; r < sample.rows; ++r) {
    for (std::int64_t g = 0; g < sample.columns; ++g) {
      const T a = sample.alpha[r * sample.columns + g];
      for (std::int64_t c = 0; c < sample.width; ++c) {
        grad_x[r * sample.width + c] += a * grad_y[g * sample.width + c];
      }
    }
  }
}

// With d_r the product of x_r and grad_y, grad of a score is alpha_r (d_r - sum alpha d).
template <class T>
void softmax_backward(const Sample<T>& sample, const T* grad_y, T* grad_scores) {
  for (std::int64_t g = 0; g < sample.columns; ++g) {
    T mean = 0;
    for (std::int64_t r = 0; r < sample.rows; ++r) {
      T dot = 0;
      for (std::int64_t c = 0; c < sample.width; ++c) {
        dot += sample.x[r * sample.width + c] * grad_y[g * sample.width + c];
      }
      grad_scores[r * sample.columns + g] = dot;
      mean += sample.alpha[r * sample.columns + g] * dot;
    }
    for (std::int64_t r = 0; r < sample.rows; ++r) {
      T& grad = grad_scores[r * sample.columns + g];
      grad = sample.alpha[r * sample.columns + g] * (grad - mean);
    }
  }
}

// f(sample, its number, its first row) for every sample; one task owns a sample.
template <class T, class F>
void for_samples(const Tensor& x, const Tensor& alpha, Segments segments, F f) {
  const auto samples = static_cast<std::int64_t>(segments.size()) - 1;
  const std::int64_t width = x.size(1);
  const std::int64_t columns = alpha.size(1);
  const T* from = x.data<T>().data();
  const T* weights = alpha.data<T>().data();
  const std::int64_t mean_rows = samples > 0 ? x.size(0) / samples : 0;
  core::parallel_for(samples, row_grain(mean_rows * width * columns),
                     [&](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t s = begin; s < end; ++s) {
                         const std::int64_t first = segments[s];
                         f(Sample<T>{from + first * width, weights + first * columns,
                                     segments[s + 1] - first, width, columns},
                           s, first);
                       }
                     });
}

template <class T>
Tensor coefficients(const Tensor& scores, Segments segments) {
  Tensor alpha = Tensor::empty(scores.shape(), scores.dtype());
  const T* from = scores.data<T>().data();
  T* to = alpha.mutable_data<T>().data();
  const std::int64_t columns = scores.size(1);
  for (std::size_t s = 0; s + 1 < segments.size(); ++s) {
    const std::int64_t rows = segments[s + 1] - segments[s];
    if (rows > 0) {
      softmax_rows(from + segments[s] * columns, rows, columns, to + segments[s] * columns);
    }
  }
  return alpha;
}

template <class T>
void pool_backward(Node& node, const Tensor& x, const Tensor& alpha, Segments segments,
                   const Tensor& grad_output) {
  const T* grad_y = grad_output.data<T>().data();
  const std::int64_t row = grad_output.size(1);
  if (node.needs(0)) {
    Tensor grad = Tensor::empty(x.shape(), x.dtype());
    T* to = grad.mutable_data<T>().data();
    for_samples<T>(x, alpha, segments,
                   [=](const Sample<T>& sample, std::int64_t s, std::int64_t first) {
                     weigh_backward(sample, grad_y + s * row, to + first * sample.width);
                   });
    node.add_grad(0, std::move(grad));
  }
  if (node.needs(1)) {
    Tensor grad = Tensor::empty(alpha.shape(), alpha.dtype());
    T* to = grad.mutable_data<T>().data();
    for_samples<T>(x, alpha, segments,
                   [=](const Sample<T>& sample, std::int64_t s, std::int64_t first) {
                     softmax_backward(sample, grad_y + s * row, to + first * sample.columns);
                   });
    node.add_grad(1, std::move(grad));
  }
}

}  // namespace

Variable segment_pool(const Variable& x, const Variable& scores, Segments segments, Tensor* alpha) {
  require_rank(x.value(), 2, kPool, "x", "[n, c]");
  require_rank(scores.value(), 2, kPool, "scores", "[n, g]");
  core::require_shape(scores.value(), {x.shape()[0], scores.shape()[1]}, kPool, "scores");
  core::require_same_dtype(x.value(), scores.value(), kPool);
  require_segments(segments, x.shape()[0], kPool, "segments");
  const auto samples = static_cast<std::int64_t>(segments.size()) - 1;
  const core::Shape shape{samples, scores.shape()[1] * x.shape()[1]};
  Tensor y = Tensor::empty(shape, x.dtype());
  Tensor weights;
  dispatch(x.dtype(), [&]<class T>() {
    weights = coefficients<T>(scores.value(), segments);
    T* to = y.mutable_data<T>().data();
    for_samples<T>(x.value(), weights, segments,
                   [&](const Sample<T>& sample, std::int64_t s, std::int64_t) {
                     weigh(sample, to + s * shape[1]);
                   });
  });
  if (alpha != nullptr) {
    *alpha = weights;
  }
  return record("segment_pool", std::move(y), {x, scores},
                [rows = x.value(), weights = std::move(weights),
                 starts = std::vector<std::int64_t>(segments.begin(), segments.end())](
                    Node& node, const Tensor& grad_output) {
                  dispatch(rows.dtype(), [&]<class T>() {
                    pool_backward<T>(node, rows, weights, starts, grad_output);
                  });
                });
}

}  // namespace attune::ops
