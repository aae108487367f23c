#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/checks.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/segment_cross_entropy.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

void check(const Tensor& logits, Segments segments, std::span<const std::int64_t> targets) {
  const char* who = "ops::segment_cross_entropy";
  require_rank(logits, 2, who, "logits", "[n, c]");
  require_segments(segments, logits.size(0), who, "segments");
  const std::int64_t columns = logits.size(1);
  const auto samples = static_cast<std::int64_t>(segments.size()) - 1;
  if (samples == 0 || columns == 0) {
    throw InvalidArgument(core::text(who, ": expected a sample and a column, got ", samples,
                                     " samples of ", columns, " columns"));
  }
  if (static_cast<std::int64_t>(targets.size()) != samples * columns) {
    throw ShapeError(core::text(who, ": expected ", samples, " times ", columns, " targets, got ",
                                targets.size()));
  }
  for (std::int64_t i = 0; i < samples * columns; ++i) {
    const std::int64_t rows = segments[i / columns + 1] - segments[i / columns];
    if (targets[i] < 0 || targets[i] >= rows) {
      throw InvalidArgument(core::text(who, ": a target of sample ", i / columns,
                                       " must be in [0, ", rows, "), got ", targets[i]));
    }
  }
}

// Softmax of one column of one sample into p; returns -log of the target's.
template <class T>
double choose(const T* logits, std::int64_t rows, std::int64_t columns, std::int64_t target, T* p) {
  T most = logits[0];
  for (std::int64_t r = 1; r < rows; ++r) {
    most = std::max(most, logits[r * columns]);
  }
  double sum = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    p[r * columns] = std::exp(logits[r * columns] - most);
    sum += static_cast<double>(p[r * columns]);
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    p[r * columns] = static_cast<T>(static_cast<double>(p[r * columns]) / sum);
  }
  return std::log(sum) - static_cast<double>(logits[target * columns] - most);
}

}  // namespace

Variable segment_cross_entropy(const Variable& logits, Segments segments,
                               std::span<const std::int64_t> targets) {
  check(logits.value(), segments, targets);
  const std::int64_t columns = logits.shape()[1];
  const auto samples = static_cast<std::int64_t>(segments.size()) - 1;
  const double share = 1.0 / static_cast<double>(samples * columns);
  Tensor p = Tensor::empty(logits.shape(), logits.dtype());
  const double sum = dispatch(logits.dtype(), [&]<class T>() {
    const T* x = logits.value().data<T>().data();
    T* to = p.mutable_data<T>().data();
    return core::parallel_sum(samples, 8, [&](std::int64_t begin, std::int64_t end) {
      double part = 0;
      for (std::int64_t i = begin * columns; i < end * columns; ++i) {
        const std::int64_t sample = i / columns;
        const std::int64_t at = segments[sample] * columns + i % columns;
        part +=
            choose(x + at, segments[sample + 1] - segments[sample], columns, targets[i], to + at);
      }
      return part;
    });
  });
  // The derivative but for the factor that comes from above.
  dispatch(logits.dtype(), [&]<class T>() {
    const std::span<T> gradient = p.mutable_data<T>();
    for (std::int64_t i = 0; i < samples * columns; ++i) {
      gradient[(segments[i / columns] + targets[i]) * columns + i % columns] -= 1;
    }
  });
  return record("segment_cross_entropy", Tensor::full({}, sum * share, logits.dtype()), {logits},
                [gradient = std::move(p), share](Node& node, const Tensor& grad_output) {
                  Tensor out = Tensor::empty(gradient.shape(), gradient.dtype());
                  dispatch(gradient.dtype(), [&]<class T>() {
                    const auto factor = static_cast<T>(grad_output.item() * share);
                    std::ranges::transform(gradient.data<T>(), out.mutable_data<T>().begin(),
                                           [factor](T g) { return factor * g; });
                  });
                  node.add_grad(0, std::move(out));
                });
}

}  // namespace attune::ops
