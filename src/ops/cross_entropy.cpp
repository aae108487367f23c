#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/checks.hpp"
#include "ops/kernels.hpp"
#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/cross_entropy.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

constexpr const char* kCrossEntropy = "ops::cross_entropy";

// Listed rows and their classes, as the backward pass needs them.
struct Targets {
  core::PoolArray<std::int64_t> nodes;
  core::PoolArray<std::int32_t> classes;
  bool ascending = true;  // strictly: no row is listed twice
};

Targets check_targets(const core::Shape& shape, std::span<const std::int32_t> labels,
                      std::span<const std::int64_t> nodes) {
  const auto count = static_cast<std::int64_t>(nodes.size());
  Targets targets{core::PoolArray<std::int64_t>(count), core::PoolArray<std::int32_t>(count)};
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t node = nodes[static_cast<std::size_t>(i)];
    if (node < 0 || node >= shape[0]) {
      throw InvalidArgument(core::text(kCrossEntropy, ": nodes[", i,
                                       "] must be in [0, n=", shape[0], "), got ", node));
    }
    const std::int32_t label = labels[static_cast<std::size_t>(node)];
    if (label < 0 || label >= shape[1]) {
      throw InvalidArgument(core::text(kCrossEntropy, ": label of node ", node,
                                       " must be in [0, c=", shape[1], "), got ", label));
    }
    targets.nodes.data()[i] = node;
    targets.classes.data()[i] = label;
    targets.ascending = targets.ascending && (i == 0 || node > targets.nodes.data()[i - 1]);
  }
  return targets;
}

template <std::floating_point T>
void subtract_largest(const T* x, T* out, std::int64_t n) {
  const T largest = *std::max_element(x, x + n);
  for (std::int64_t c = 0; c < n; ++c) {
    out[c] = x[c] - largest;
  }
}

template <std::floating_point T>
T total(const T* x, std::int64_t n) {
  T sum = 0;
  for (std::int64_t c = 0; c < n; ++c) {
    sum += x[c];
  }
  return sum;
}

// What smoothed labels add to the loss of a row, whose largest logit was taken off.
template <std::floating_point T>
double smoothing_term(const T* row, std::int64_t width, std::int32_t label, double smoothing) {
  if (smoothing == 0) {  // then a logit of minus infinity is no harm
    return 0;
  }
  const double mean = static_cast<double>(total(row, width)) / static_cast<double>(width);
  return smoothing * (static_cast<double>(row[label]) - mean);
}

// softmax[i, :] of the listed rows [begin, end), and the sum of their losses. The exponential runs
// over all these rows at once: a row of seven classes would not fill a vector.
template <std::floating_point T>
double softmax_rows(const T* logits, const Targets& targets, std::int64_t width, double smoothing,
                    T* softmax, std::int64_t begin, std::int64_t end) {
  double loss = 0;
  for (std::int64_t i = begin; i < end; ++i) {
    T* row = softmax + i * width;
    subtract_largest(logits + targets.nodes.data()[i] * width, row, width);
    const std::int32_t label = targets.classes.data()[i];
    loss -= static_cast<double>(row[label]);
    loss += smoothing_term(row, width, label, smoothing);
  }
  kernels::exp_in_place<T>(softmax + begin * width, (end - begin) * width);
  for (std::int64_t i = begin; i < end; ++i) {
    T* row = softmax + i * width;
    const T sum = total(row, width);  // >= 1: the largest logit adds exp(0)
    loss += std::log(static_cast<double>(sum));
    for (std::int64_t c = 0; c < width; ++c) {
      row[c] /= sum;
    }
  }
  return loss;
}

// grad_logits[nodes[i], :] += factor * (softmax[i, :] - smoothed one_hot(classes[i]))
template <std::floating_point T>
void scatter_gradient(const Targets& targets, const T* softmax, std::int64_t width, T factor,
                      double smoothing, T* grad_logits) {
  const T everywhere = static_cast<T>(smoothing / static_cast<double>(width));
  const T at_label = static_cast<T>(1 - smoothing);
  const std::int64_t count = targets.nodes.size();
  // A row listed twice is added to twice; then one task does all, in the order of the list.
  const std::int64_t grain = targets.ascending ? row_grain(width) : count;
  core::parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      T* to = grad_logits + targets.nodes.data()[i] * width;
      const T* row = softmax + i * width;
      for (std::int64_t c = 0; c < width; ++c) {
        to[c] += factor * (row[c] - everywhere);
      }
      to[targets.classes.data()[i]] -= factor * at_label;
    }
  });
}

// y = x - log(sum(exp(x))) of the rows [begin, end); y holds the exponentials on the way.
template <std::floating_point T>
void log_softmax_rows(const T* x, T* y, std::int64_t width, std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; ++i) {
    subtract_largest(x + i * width, y + i * width, width);
  }
  kernels::exp_in_place<T>(y + begin * width, (end - begin) * width);
  for (std::int64_t i = begin; i < end; ++i) {
    T* row = y + i * width;
    const T log_sum = std::log(total(row, width));
    subtract_largest(x + i * width, row, width);
    for (std::int64_t c = 0; c < width; ++c) {
      row[c] -= log_sum;
    }
  }
}

// grad_x = grad_y - exp(y) * sum(grad_y) of the rows [begin, end)
template <std::floating_point T>
void log_softmax_rows_backward(const T* grad_y, const T* y, T* grad_x, std::int64_t width,
                               std::int64_t begin, std::int64_t end) {
  std::copy(y + begin * width, y + end * width, grad_x + begin * width);
  kernels::exp_in_place<T>(grad_x + begin * width, (end - begin) * width);
  for (std::int64_t i = begin; i < end; ++i) {
    const T sum = total(grad_y + i * width, width);
    for (std::int64_t c = i * width; c < (i + 1) * width; ++c) {
      grad_x[c] = grad_y[c] - grad_x[c] * sum;
    }
  }
}

}  // namespace

Variable log_softmax(const Variable& x) {
  require_rank(x.value(), 2, "ops::log_softmax", "x", "[n, c]");
  const std::int64_t width = x.shape()[1];
  if (width == 0) {
    throw ShapeError(
        core::text("ops::log_softmax: x must have columns, got ", x.shape().to_string()));
  }
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.value().data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(out.size(0), row_grain(width), [=](std::int64_t begin, std::int64_t end) {
      log_softmax_rows<T>(in, to, width, begin, end);
    });
  });
  return record("log_softmax", out, {x}, [y = out](Node& node, const Tensor& grad_output) {
    Tensor grad = Tensor::empty(y.shape(), y.dtype());
    dispatch(y.dtype(), [&]<class T>() {
      const T* g = grad_output.data<T>().data();
      const T* from = y.data<T>().data();
      T* to = grad.mutable_data<T>().data();
      const std::int64_t columns = y.size(1);
      core::parallel_for(y.size(0), row_grain(columns), [=](std::int64_t begin, std::int64_t end) {
        log_softmax_rows_backward<T>(g, from, to, columns, begin, end);
      });
    });
    node.add_grad(0, std::move(grad));
  });
}

Variable cross_entropy(const Variable& logits, std::span<const std::int32_t> labels,
                       std::span<const std::int64_t> nodes) {
  return cross_entropy(logits, labels, nodes, 0);
}

Variable cross_entropy(const Variable& logits, std::span<const std::int32_t> labels,
                       std::span<const std::int64_t> nodes, double smoothing) {
  if (!(smoothing >= 0 && smoothing < 1)) {
    throw InvalidArgument(
        core::text(kCrossEntropy, ": smoothing must be in [0, 1), got ", smoothing));
  }
  const Tensor& x = logits.value();
  require_rank(x, 2, kCrossEntropy, "logits", "[n, c]");
  if (static_cast<std::int64_t>(labels.size()) != x.size(0)) {
    throw ShapeError(core::text(kCrossEntropy, ": labels must be [n=", x.size(0), "], got [",
                                labels.size(), "]"));
  }
  if (nodes.empty()) {
    throw InvalidArgument(core::text(kCrossEntropy, ": expected at least one node, got none"));
  }
  Targets targets = check_targets(x.shape(), labels, nodes);
  const std::int64_t width = x.size(1);
  const std::int64_t count = targets.nodes.size();
  Tensor softmax = Tensor::empty({count, width}, x.dtype());
  const double loss = dispatch(x.dtype(), [&]<class T>() {
    const T* in = x.data<T>().data();
    T* to = softmax.mutable_data<T>().data();
    return core::parallel_sum(count, row_grain(width), [&](std::int64_t begin, std::int64_t end) {
      return softmax_rows<T>(in, targets, width, smoothing, to, begin, end);
    });
  });
  Tensor value = Tensor::full({}, loss / static_cast<double>(count), x.dtype());
  return record(
      "cross_entropy", std::move(value), {logits},
      [softmax, targets = std::move(targets), shape = x.shape(), smoothing](
          Node& node, const Tensor& grad_output) {
        Tensor grad = Tensor::zeros(shape, softmax.dtype());
        dispatch(softmax.dtype(), [&]<class T>() {
          const double share = grad_output.item() / static_cast<double>(targets.nodes.size());
          scatter_gradient<T>(targets, softmax.data<T>().data(), shape[1], static_cast<T>(share),
                              smoothing, grad.mutable_data<T>().data());
        });
        node.add_grad(0, std::move(grad));
      });
}

}  // namespace attune::ops
