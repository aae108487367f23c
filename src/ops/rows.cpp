#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <utility>

#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/rows.hpp>

namespace attune::ops {

using autograd::Node;
using core::dispatch;
using core::Tensor;

namespace {

// Leading elements as `from` has them, zeros where it has no more.
Tensor resized(const Tensor& from, const core::Shape& shape) {
  Tensor to = Tensor::empty(shape, from.dtype());
  dispatch(from.dtype(), [&]<class T>() {
    const auto in = from.data<T>();
    const auto out = to.mutable_data<T>();
    const auto common = static_cast<std::ptrdiff_t>(std::min(in.size(), out.size()));
    std::copy(in.begin(), in.begin() + common, out.begin());
    std::fill(out.begin() + common, out.end(), T{0});
  });
  return to;
}

core::Shape with_rows(const core::Shape& shape, std::int64_t rows) {
  std::array<std::int64_t, core::Shape::kMaxRank> sizes{};
  std::ranges::copy(shape.sizes(), sizes.begin());
  sizes[0] = rows;
  return core::Shape(std::span(sizes).first(shape.sizes().size()));
}

// Where the rows of the table are asked for: the places of run r, places[runs[r]] to
// places[runs[r + 1]], ascend and all ask for row rows[r].
struct Lookups {
  core::PoolArray<std::int32_t> places;
  core::PoolArray<std::int32_t> runs;
  core::PoolArray<std::int32_t> rows;
};

Lookups lookups_of(std::span<const std::int32_t> index) {
  const auto n = static_cast<std::int64_t>(index.size());
  core::PoolArray<std::int32_t> places(n);
  std::iota(places.span().begin(), places.span().end(), 0);
  std::ranges::sort(places.span(), [index](std::int32_t a, std::int32_t b) {
    return index[a] != index[b] ? index[a] < index[b] : a < b;
  });
  std::int64_t distinct = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    distinct += i == 0 || index[places.data()[i]] != index[places.data()[i - 1]] ? 1 : 0;
  }
  Lookups lookups{std::move(places), core::PoolArray<std::int32_t>(distinct + 1),
                  core::PoolArray<std::int32_t>(distinct)};
  std::int64_t run = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int32_t row = index[lookups.places.data()[i]];
    if (run == 0 || row != lookups.rows.data()[run - 1]) {
      lookups.runs.data()[run] = static_cast<std::int32_t>(i);
      lookups.rows.data()[run++] = row;
    }
  }
  lookups.runs.data()[distinct] = static_cast<std::int32_t>(n);
  return lookups;
}

Tensor taken(const Tensor& x, std::span<const std::int32_t> index, std::int64_t width) {
  Tensor out =
      Tensor::empty(with_rows(x.shape(), static_cast<std::int64_t>(index.size())), x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* from = x.data<T>().data();
    T* to = out.mutable_data<T>().data();
    core::parallel_for(out.size(0), row_grain(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        std::copy_n(from + index[i] * width, width, to + i * width);
      }
    });
  });
  return out;
}

// Sums of the runs, [runs, ...].
Tensor run_sums(const Tensor& grad, const Lookups& lookups, std::int64_t width) {
  Tensor sums = Tensor::empty(with_rows(grad.shape(), lookups.rows.size()), grad.dtype());
  dispatch(grad.dtype(), [&]<class T>() {
    const T* from = grad.data<T>().data();
    T* to = sums.mutable_data<T>().data();
    const auto add_run = [&](std::int64_t run) {
      T* sum = to + run * width;
      std::fill_n(sum, width, T{0});
      for (std::int32_t i = lookups.runs.data()[run]; i < lookups.runs.data()[run + 1]; ++i) {
        const T* row = from + lookups.places.data()[i] * width;
        for (std::int64_t c = 0; c < width; ++c) {
          sum[c] += row[c];
        }
      }
    };
    core::parallel_for(lookups.rows.size(), row_grain(width),
                       [&](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t run = begin; run < end; ++run) {
                           add_run(run);
                         }
                       });
  });
  return sums;
}

}  // namespace

Variable first_rows(const Variable& x, std::int64_t count) {
  const core::Shape& shape = x.shape();
  if (shape.rank() == 0 || count < 0 || count > shape[0]) {
    throw ShapeError(core::text("ops::first_rows: x must have ", count, " rows at least, got ",
                                shape.to_string()));
  }
  if (count == shape[0]) {
    return x;
  }
  return autograd::record("first_rows", resized(x.value(), with_rows(shape, count)), {x},
                          [shape](Node& node, const Tensor& grad_output) {
                            node.add_grad(0, resized(grad_output, shape));
                          });
}

Variable take_rows(const Variable& x, std::span<const std::int32_t> index) {
  const core::Shape& shape = x.shape();
  if (shape.rank() == 0) {
    throw ShapeError("ops::take_rows: x must have rows, got a scalar");
  }
  for (const std::int32_t row : index) {
    if (row < 0 || row >= shape[0]) {
      throw InvalidArgument(
          core::text("ops::take_rows: an index must be in [0, ", shape[0], "), got ", row));
    }
  }
  const std::int64_t width = shape[0] == 0 ? 0 : shape.num_elements() / shape[0];
  Tensor out = taken(x.value(), index, width);
  if (!autograd::should_record({x})) {
    return Variable(std::move(out));
  }
  return autograd::record(
      "take_rows", std::move(out), {x},
      [lookups = lookups_of(index), width](Node& node, const Tensor& grad_output) mutable {
        Tensor sums = run_sums(grad_output, lookups, width);
        node.add_grad(0, {std::move(lookups.rows), std::move(sums)});
      });
}

}  // namespace attune::ops
