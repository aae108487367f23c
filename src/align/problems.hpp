#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <span>

#include "align/points.hpp"
#include "align/pool_vector.hpp"
#include "align/tiles.hpp"
#include <attune/core/parallel.hpp>
#include <attune/core/tensor.hpp>

namespace attune::align {

/// The points of one side of one problem, rows of a [selected, heads, channels] tensor, and where
/// their gradient goes.
template <std::floating_point T>
struct Cloud {
  const T* points;  ///< of row 0
  std::int64_t count;
  std::int64_t stride;  ///< from a row to the next
  std::int64_t channels;
  T* grad;  ///< row i at grad + i * stride; null: not wanted

  [[nodiscard]] const T* row(std::int64_t i) const { return points + i * stride; }
};

/// One sample and head: two clouds to compare.
template <std::floating_point T>
struct Problem {
  Cloud<T> queries;
  Cloud<T> keys;
  double weight;      ///< of its loss in the mean over the samples
  std::int64_t slot;  ///< of its loss in [samples, heads]
};

/// Gradients of the selected rows alone, in the order of the selection; undefined: not wanted.
struct CloudGradients {
  core::Tensor queries;  ///< [selected queries, heads, channels]
  core::Tensor keys;

  void fill(double value) {
    for (core::Tensor* side : {&queries, &keys}) {
      if (side->defined()) {
        side->fill(value);
      }
    }
  }
};

/// Problems of all samples and heads that have a point on both sides. The others have loss 0.
template <std::floating_point T>
[[nodiscard]] PoolVector<Problem<T>> head_problems(const Points& points, CloudGradients& grads) {
  const Selection& selection = points.selection;
  const core::Shape& shape = points.queries.shape();
  const std::int64_t heads = shape[1];
  const std::int64_t channels = shape[2];
  const std::int64_t stride = heads * channels;
  const auto side = [&](const core::Tensor& all, const Rows& rows, core::Tensor& grad,
                        std::int64_t sample, std::int64_t head) {
    const std::int64_t first = rows.starts[sample] * stride + head * channels;
    T* to = grad.defined() ? grad.mutable_data<T>().data() + first : nullptr;
    return Cloud<T>{all.data<T>().data() + first, rows.count(sample), stride, channels, to};
  };
  PoolVector<Problem<T>> problems;
  problems.reserve(static_cast<std::size_t>(selection.num_samples() * heads));
  for (std::int64_t s = 0; s < selection.num_samples(); ++s) {
    if (selection.queries.count(s) == 0 || selection.keys.count(s) == 0) {
      continue;
    }
    for (std::int64_t h = 0; h < heads; ++h) {
      problems.push_back({side(points.queries, selection.queries, grads.queries, s, h),
                          side(points.keys, selection.keys, grads.keys, s, h),
                          1.0 / static_cast<double>(selection.num_samples()), s * heads + h});
    }
  }
  return problems;
}

/// Calls f(work, block) for each block in [0, blocks(work)) of each work, in parallel.
template <class Work, class Blocks, class F>
void for_each_block(PoolVector<Work>& works, const Blocks& blocks, const F& f) {
  PoolVector<std::int64_t> ends;
  ends.reserve(works.size());
  std::int64_t total = 0;
  for (const Work& work : works) {
    ends.push_back(total += blocks(work));
  }
  core::parallel_tasks(total, [&](std::int64_t task) {
    const auto which = std::upper_bound(ends.begin(), ends.end(), task) - ends.begin();
    f(works[which], which == 0 ? task : task - ends[which - 1]);
  });
}

/// Calls f(first, last) for consecutive ranges of problems whose scratch memory together stays
/// within a constant, one problem at least: many small ones run side by side, large ones one after
/// the other. A function of the sizes alone.
template <class Bytes, class F>
void for_each_group(std::int64_t count, const Bytes& bytes, const F& f) {
  constexpr std::int64_t kBudget = std::int64_t{32} << 20;
  std::int64_t first = 0;
  while (first < count) {
    std::int64_t used = bytes(first);
    std::int64_t last = first + 1;
    while (last < count && used + bytes(last) <= kBudget) {
      used += bytes(last++);
    }
    f(first, last);
    first = last;
  }
}

}  // namespace attune::align
