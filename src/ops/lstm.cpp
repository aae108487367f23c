#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "ops/checks.hpp"
#include "ops/kernels.hpp"
#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/gemm.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/lstm.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

constexpr const char* kLstm = "ops::lstm";

// Rows in the order in which they are computed: by step, and within a step by the length of the
// sample, longest first. The samples of a step are then the first of those of the step before.
struct Steps {
  std::vector<std::int64_t> starts;  // of the rows of each step, then the end
  std::vector<std::int64_t> rows;    // of x, in this order

  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(starts.size()) - 1; }
  [[nodiscard]] std::int64_t size(std::int64_t step) const {
    return starts[step + 1] - starts[step];
  }
};

Steps order_steps(Segments segments) {
  const auto length = [&](std::int64_t s) { return segments[s + 1] - segments[s]; };
  std::vector<std::int64_t> samples(segments.size() - 1);
  std::iota(samples.begin(), samples.end(), 0);
  std::ranges::stable_sort(samples, std::ranges::greater(), length);
  Steps steps;
  steps.starts.push_back(0);
  steps.rows.reserve(static_cast<std::size_t>(segments.back()));
  while (static_cast<std::int64_t>(steps.rows.size()) < segments.back()) {
    const std::int64_t step = steps.count();
    for (const std::int64_t sample : samples) {
      if (length(sample) <= step) {
        break;
      }
      steps.rows.push_back(segments[sample] + step);
    }
    steps.starts.push_back(static_cast<std::int64_t>(steps.rows.size()));
  }
  return steps;
}

// All in the order of the steps.
struct States {
  Steps steps;
  Tensor gates;   // [n, 4 channels]: sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
  Tensor cells;   // [n, channels]
  Tensor hidden;  // [n, channels]
};

template <class T>
void copy_rows(const T* from, std::int64_t width, std::span<const std::int64_t> rows, T* to) {
  core::parallel_for(static_cast<std::int64_t>(rows.size()), row_grain(width),
                     [=](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t r = begin; r < end; ++r) {
                         std::copy_n(from + rows[r] * width, width, to + r * width);
                       }
                     });
}

template <class T>
void scatter_rows(const T* from, std::int64_t width, std::span<const std::int64_t> rows, T* to) {
  core::parallel_for(static_cast<std::int64_t>(rows.size()), row_grain(width),
                     [=](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t r = begin; r < end; ++r) {
                         std::copy_n(from + r * width, width, to + rows[r] * width);
                       }
                     });
}

// One row: gates hold what comes before sigmoid and tanh, and after it what comes behind.
// `before` is the cell of the step before, or null: zero.
template <class T>
void advance(T* gates, const T* before, std::int64_t channels, T* cell, T* hidden) {
  // The kernel's input and output may not overlap; hidden is not needed yet.
  const auto sigmoid_in_place = [&](T* part) {
    kernels::sigmoid<T>(part, hidden, channels);
    std::copy_n(hidden, channels, part);
  };
  T* i = gates;
  T* f = gates + channels;
  T* g = gates + 2 * channels;
  T* o = gates + 3 * channels;
  sigmoid_in_place(i);
  sigmoid_in_place(f);
  sigmoid_in_place(o);
  for (std::int64_t c = 0; c < channels; ++c) {
    g[c] = std::tanh(g[c]);
    cell[c] = i[c] * g[c] + (before != nullptr ? f[c] * before[c] : T{0});
    hidden[c] = o[c] * std::tanh(cell[c]);
  }
}

template <class T>
void run_steps(const Tensor& x, const Tensor& u, States& states) {
  const std::int64_t channels = u.size(0);
  T* gates = states.gates.mutable_data<T>().data();
  T* cells = states.cells.mutable_data<T>().data();
  T* hidden = states.hidden.mutable_data<T>().data();
  copy_rows(x.data<T>().data(), 4 * channels, states.steps.rows, gates);
  for (std::int64_t step = 0; step < states.steps.count(); ++step) {
    const std::int64_t first = states.steps.starts[step];
    const std::int64_t rows = states.steps.size(step);
    const std::int64_t before = step > 0 ? states.steps.starts[step - 1] : -1;
    if (step > 0) {
      core::gemm<T>({.m = rows, .n = 4 * channels, .k = channels, .accumulate = true},
                    {hidden + before * channels, static_cast<std::size_t>(rows * channels)},
                    u.data<T>(),
                    {gates + first * 4 * channels, static_cast<std::size_t>(rows * 4 * channels)});
    }
    core::parallel_for(rows, row_grain(16 * channels), [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        advance(gates + (first + r) * 4 * channels,
                before < 0 ? nullptr : cells + (before + r) * channels, channels,
                cells + (first + r) * channels, hidden + (first + r) * channels);
      }
    });
  }
}

// What one row hands to the gates and to the cell of the step before. `grad_cell` comes with what
// the step behind handed down.
template <class T>
void retreat(const T* gates, const T* cell, const T* before, const T* grad_hidden,
             std::int64_t channels, T* grad_gates, T* grad_cell) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const T i = gates[c];
    const T f = gates[channels + c];
    const T g = gates[2 * channels + c];
    const T o = gates[3 * channels + c];
    const T y = std::tanh(cell[c]);
    const T dh = grad_hidden[c];
    const T dc = grad_cell[c] + dh * o * (1 - y * y);
    grad_gates[c] = dc * g * i * (1 - i);
    grad_gates[channels + c] = before != nullptr ? dc * before[c] * f * (1 - f) : T{0};
    grad_gates[2 * channels + c] = dc * i * (1 - g * g);
    grad_gates[3 * channels + c] = dh * y * o * (1 - o);
    grad_cell[c] = dc * f;
  }
}

// Derivatives of what enters sigmoid and tanh, [n, 4 channels] in the order of the steps.
template <class T>
Tensor gate_gradients(const States& states, const Tensor& u, const Tensor& grad_output) {
  const std::int64_t channels = u.size(0);
  const Steps& steps = states.steps;
  Tensor result = Tensor::empty(states.gates.shape(), u.dtype());
  Tensor carried = Tensor::zeros({steps.size(0), channels}, u.dtype());  // cells
  Tensor arrived = Tensor::empty(states.cells.shape(), u.dtype());       // hidden
  T* grad_gates = result.mutable_data<T>().data();
  T* grad_cell = carried.mutable_data<T>().data();
  T* grad_hidden = arrived.mutable_data<T>().data();
  const T* gates = states.gates.data<T>().data();
  const T* cells = states.cells.data<T>().data();
  copy_rows(grad_output.data<T>().data(), channels, steps.rows, grad_hidden);
  for (std::int64_t step = steps.count() - 1; step >= 0; --step) {
    const std::int64_t first = steps.starts[step];
    const std::int64_t rows = steps.size(step);
    const std::int64_t before = step > 0 ? steps.starts[step - 1] : -1;
    core::parallel_for(rows, row_grain(16 * channels), [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        retreat(gates + (first + r) * 4 * channels, cells + (first + r) * channels,
                before < 0 ? nullptr : cells + (before + r) * channels,
                grad_hidden + (first + r) * channels, channels,
                grad_gates + (first + r) * 4 * channels, grad_cell + r * channels);
      }
    });
    if (step > 0) {
      core::gemm<T>(
          {.m = rows, .n = channels, .k = 4 * channels, .transpose_b = true, .accumulate = true},
          {grad_gates + first * 4 * channels, static_cast<std::size_t>(rows * 4 * channels)},
          u.data<T>(),
          {grad_hidden + before * channels, static_cast<std::size_t>(rows * channels)});
    }
  }
  return result;
}

// Sum over the rows behind the first step of (h of the step before)^T times the gates' derivative.
template <class T>
Tensor recurrent_gradient(const States& states, const Tensor& grad_gates,
                          const core::Shape& shape) {
  const std::int64_t channels = shape[0];
  const Steps& steps = states.steps;
  const std::int64_t rows = steps.starts.back() - steps.size(0);
  if (rows == 0) {
    return Tensor::zeros(shape, grad_gates.dtype());
  }
  Tensor previous = Tensor::empty({rows, channels}, grad_gates.dtype());
  const T* hidden = states.hidden.data<T>().data();
  T* to = previous.mutable_data<T>().data();
  for (std::int64_t step = 1; step < steps.count(); ++step) {
    to = std::copy_n(hidden + steps.starts[step - 1] * channels, steps.size(step) * channels, to);
  }
  Tensor result = Tensor::empty(shape, grad_gates.dtype());
  core::gemm<T>(
      {.m = channels, .n = 4 * channels, .k = rows, .transpose_a = true}, previous.data<T>(),
      grad_gates.data<T>().subspan(static_cast<std::size_t>(steps.size(0) * 4 * channels)),
      result.mutable_data<T>());
  return result;
}

void check(const Tensor& x, const Tensor& u, Segments segments) {
  require_rank(x, 2, kLstm, "x", "[n, 4 channels]");
  require_rank(u, 2, kLstm, "u", "[channels, 4 channels]");
  if (u.size(0) < 1 || u.size(1) != 4 * u.size(0)) {
    throw ShapeError(
        core::text(kLstm, ": u must be [channels, 4 channels], got ", u.shape().to_string()));
  }
  core::require_shape(x, {x.size(0), u.size(1)}, kLstm, "x");
  core::require_same_dtype(x, u, kLstm);
  require_segments(segments, x.size(0), kLstm, "segments");
}

}  // namespace

Variable lstm(const Variable& x, const Variable& u, Segments segments) {
  check(x.value(), u.value(), segments);
  const core::Shape shape{x.shape()[0], u.shape()[0]};
  if (shape[0] == 0) {
    return Variable(Tensor::zeros(shape, x.dtype()));
  }
  States states{order_steps(segments), Tensor::empty(x.shape(), x.dtype()),
                Tensor::empty(shape, x.dtype()), Tensor::empty(shape, x.dtype())};
  Tensor y = Tensor::empty(shape, x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    run_steps<T>(x.value(), u.value(), states);
    scatter_rows(states.hidden.data<T>().data(), shape[1], states.steps.rows,
                 y.mutable_data<T>().data());
  });
  return record(
      "lstm", std::move(y), {x, u},
      [states = std::move(states), weight = u.value()](Node& node, const Tensor& grad_output) {
        dispatch(weight.dtype(), [&]<class T>() {
          const Tensor grad_gates = gate_gradients<T>(states, weight, grad_output);
          if (node.needs(1)) {
            node.add_grad(1, recurrent_gradient<T>(states, grad_gates, weight.shape()));
          }
          if (node.needs(0)) {
            Tensor grad_x = Tensor::empty(grad_gates.shape(), weight.dtype());
            scatter_rows(grad_gates.data<T>().data(), grad_gates.size(1), states.steps.rows,
                         grad_x.mutable_data<T>().data());
            node.add_grad(0, std::move(grad_x));
          }
        });
      });
}

}  // namespace attune::ops
