#include "align/recorded.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

using autograd::Node;
using core::Tensor;

namespace {

constexpr std::size_t kMostParameters = Node::kMaxInputs - 2;
constexpr std::int64_t kGrain = 1 << 14;

void scale_in_place(Tensor& x, double factor) {
  core::dispatch(x.dtype(), [&]<class T>() {
    T* values = x.mutable_data<T>().data();
    const T f = static_cast<T>(factor);
    core::parallel_for(x.num_elements(), kGrain, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        values[i] *= f;
      }
    });
  });
}

// The gradient of the whole tensor from that of the selected rows, times `factor`.
Tensor spread(Tensor selected, const Rows& rows, const core::Shape& shape, double factor) {
  if (selected.shape() == shape) {
    scale_in_place(selected, factor);
    return selected;
  }
  Tensor all = Tensor::zeros(shape, selected.dtype());
  const std::int64_t width = shape[1] * shape[2];
  core::dispatch(all.dtype(), [&]<class T>() {
    const T* from = selected.data<T>().data();
    T* to = all.mutable_data<T>().data();
    const T f = static_cast<T>(factor);
    const auto count = static_cast<std::int64_t>(rows.index.size());
    core::parallel_for(count, std::max<std::int64_t>(1, kGrain / width),
                       [&](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i) {
                           for (std::int64_t c = 0; c < width; ++c) {
                             to[rows.index[i] * width + c] = f * from[i * width + c];
                           }
                         }
                       });
  });
  return all;
}

void require_finite_loss(const char* name, const Evaluated& evaluated) {
  if (std::isfinite(evaluated.loss)) {
    return;
  }
  const std::span<const double> terms = evaluated.per_head.data<double>();
  const std::int64_t heads = evaluated.per_head.size(1);
  for (std::int64_t i = 0; i < evaluated.per_head.num_elements(); ++i) {
    if (!std::isfinite(terms[i])) {
      throw InvalidArgument(core::text(name, ": the loss of sample ", i / heads, ", head ",
                                       i % heads, " is ", terms[i],
                                       ": queries, keys or parameters are too large"));
    }
  }
  throw InvalidArgument(core::text(name, ": the loss is ", evaluated.loss));
}

// What the derivatives have to wait for: the gradient of the loss itself.
struct Pending {
  Selection selection;
  LossGradients grads;
  core::Shape query_shape;
  core::Shape key_shape;
  PoolVector<double> signs;

  void hand_over(Node& node, double factor) {
    if (grads.clouds.queries.defined()) {
      node.add_grad(
          0, spread(std::move(grads.clouds.queries), selection.queries, query_shape, factor));
    }
    if (grads.clouds.keys.defined()) {
      node.add_grad(1, spread(std::move(grads.clouds.keys), selection.keys, key_shape, factor));
    }
    for (std::size_t p = 0; p < grads.parameters.size(); ++p) {
      if (grads.parameters[p].defined()) {
        scale_in_place(grads.parameters[p], signs[p] * factor);
        node.add_grad(static_cast<int>(p) + 2, std::move(grads.parameters[p]));
      }
    }
  }
};

}  // namespace

namespace {

void clear_rows(Tensor& grad, const Rows& rows, std::int64_t sample) {
  if (!grad.defined()) {
    return;
  }
  const std::int64_t width = grad.size(1) * grad.size(2);
  core::dispatch(grad.dtype(), [&]<class T>() {
    T* first = grad.mutable_data<T>().data();
    std::fill(first + rows.starts[sample] * width, first + rows.starts[sample + 1] * width, T(0));
  });
}

// Samples that make no problem.
void clear_one_sided(const Selection& selection, CloudGradients& grads) {
  for (std::int64_t s = 0; s < selection.num_samples(); ++s) {
    if (selection.queries.count(s) == 0 || selection.keys.count(s) == 0) {
      clear_rows(grads.queries, selection.queries, s);
      clear_rows(grads.keys, selection.keys, s);
    }
  }
}

}  // namespace

bool LossGradients::any() const {
  return clouds.queries.defined() || clouds.keys.defined() ||
         std::ranges::any_of(parameters, [](const Tensor& grad) { return grad.defined(); });
}

Evaluated make_evaluated(const Clouds& clouds, const Selection& selection,
                         const ParameterList& parameters) {
  Evaluated evaluated;
  evaluated.per_head =
      Tensor::zeros({selection.num_samples(), clouds.queries.shape()[1]}, core::DType::f64);
  LossGradients& grads = evaluated.grads;
  const auto rows = [](const Variable& points, const Rows& selected) {
    if (!autograd::should_record({points})) {
      return Tensor();
    }
    return Tensor::empty(
        {static_cast<std::int64_t>(selected.index.size()), points.shape()[1], points.shape()[2]},
        points.dtype());
  };
  grads.clouds.queries = rows(clouds.queries, selection.queries);
  grads.clouds.keys = rows(clouds.keys, selection.keys);
  clear_one_sided(selection, grads.clouds);
  for (const Parameter& parameter : parameters) {
    grads.parameters.push_back(
        autograd::should_record({parameter.variable})
            ? Tensor::zeros(parameter.variable.shape(), parameter.variable.dtype())
            : Tensor());
  }
  return evaluated;
}

Variable record_loss(const char* name, const Clouds& clouds, Selection selection,
                     const ParameterList& parameters, double reversal, Evaluated evaluated) {
  require_finite_loss(name, evaluated);
  if (parameters.size() > kMostParameters) {
    throw InvalidArgument(core::text(name, ": expected at most ", kMostParameters,
                                     " parameters, got ", parameters.size()));
  }
  Pending pending{std::move(selection),
                  std::move(evaluated.grads),
                  clouds.queries.shape(),
                  clouds.keys.shape(),
                  {}};
  Variable p[kMostParameters];
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    p[i] = parameters[i].variable;
    pending.signs.push_back(parameters[i].ascends ? -reversal : 1.0);
  }
  static_assert(kMostParameters == 14);
  return autograd::record(
      name, Tensor::full({}, evaluated.loss, clouds.queries.dtype()),
      {clouds.queries, clouds.keys, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9],
       p[10], p[11], p[12], p[13]},
      [pending = std::move(pending)](Node& node, const Tensor& grad_output) mutable {
        pending.hand_over(node, grad_output.item());
      });
}

}  // namespace attune::align
