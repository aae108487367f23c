#include "align/recorded.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/pool_array.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

using autograd::Node;
using core::Tensor;

namespace {

constexpr int kFirstParameter = 4;  // inputs before it: queries, keys and their scales
constexpr std::size_t kMostParameters = Node::kMaxInputs - kFirstParameter;
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

// grad[i, :] *= factor * scale[:]
void scale_rows_in_place(Tensor& grad, const Tensor& scale, double factor) {
  const std::int64_t width = scale.num_elements();
  core::dispatch(grad.dtype(), [&]<class T>() {
    T* values = grad.mutable_data<T>().data();
    const T* factors = scale.data<T>().data();
    const T f = static_cast<T>(factor);
    core::parallel_for(grad.size(0), std::max<std::int64_t>(1, kGrain / width),
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i) {
                           for (std::int64_t c = 0; c < width; ++c) {
                             values[i * width + c] *= f * factors[c];
                           }
                         }
                       });
  });
}

void add_in_place(Tensor& sum, const Tensor& term) {
  core::dispatch(sum.dtype(), [&]<class T>() {
    T* to = sum.mutable_data<T>().data();
    const T* from = term.data<T>().data();
    core::parallel_for(sum.num_elements(), kGrain, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        to[i] += from[i];
      }
    });
  });
}

// Derivative with respect to the scale of a side: factor times the sum over the selected rows of
// their gradients times the points that were scaled.
Tensor scale_gradient(const Tensor& grad, const Tensor& points, const Rows& rows,
                      const core::Shape& shape, double factor) {
  const std::int64_t width = shape.num_elements();
  Tensor sum = core::dispatch(grad.dtype(), [&]<class T>() {
    const T* g = grad.data<T>().data();
    const T* x = points.data<T>().data();
    return core::parallel_reduce_rows<T>(
        grad.size(0), std::max<std::int64_t>(1, kGrain / width), width,
        [&](std::int64_t begin, std::int64_t end, std::span<T> partial) {
          T* to = partial.data();
          for (std::int64_t i = begin; i < end; ++i) {
            const T* point = x + rows.position(i) * width;
            for (std::int64_t c = 0; c < width; ++c) {
              to[c] += g[i * width + c] * point[c];
            }
          }
        });
  });
  scale_in_place(sum, factor);
  return sum.reshape(shape);
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

// Queries or keys as they entered.
struct Side {
  Rows rows;
  Tensor points;
  Tensor scale;  // undefined: none

  // From the gradient of the selected points to that of the rows they were made from; on the way
  // the scale gets its own.
  void through_scale(Node& node, int scale_input, Tensor& grad, double factor) const {
    if (!scale.defined()) {
      scale_in_place(grad, factor);
      return;
    }
    if (node.needs(scale_input)) {
      node.add_grad(scale_input, scale_gradient(grad, points, rows, scale.shape(), factor));
    }
    scale_rows_in_place(grad, scale, factor);
  }

  void hand_over(Node& node, int input, Tensor grad) const {
    if (rows.total() == points.size(0)) {
      node.add_grad(input, std::move(grad));
      return;
    }
    core::PoolArray<std::int32_t> index(rows.total());
    for (std::int64_t i = 0; i < index.size(); ++i) {
      index.data()[i] = static_cast<std::int32_t>(rows.position(i));
    }
    node.add_grad(input, autograd::RowGradient{std::move(index), std::move(grad)});
  }
};

// What the derivatives have to wait for: the gradient of the loss itself.
struct Pending {
  Side queries;
  Side keys;
  bool one_tensor;  // queries and keys are the same rows of the same tensor
  LossGradients grads;
  PoolVector<double> signs;

  void hand_over(Node& node, double factor) {
    Tensor& of_queries = grads.clouds.queries;
    Tensor& of_keys = grads.clouds.keys;
    if (of_queries.defined()) {
      queries.through_scale(node, 2, of_queries, factor);
    }
    if (of_keys.defined()) {
      keys.through_scale(node, 3, of_keys, factor);
    }
    if (one_tensor && of_queries.defined() && of_keys.defined()) {
      add_in_place(of_queries, of_keys);
      of_keys = Tensor();
    }
    if (of_queries.defined()) {
      queries.hand_over(node, 0, std::move(of_queries));
    }
    if (of_keys.defined()) {
      keys.hand_over(node, 1, std::move(of_keys));
    }
    for (std::size_t p = 0; p < grads.parameters.size(); ++p) {
      if (grads.parameters[p].defined()) {
        scale_in_place(grads.parameters[p], signs[p] * factor);
        node.add_grad(static_cast<int>(p) + kFirstParameter, std::move(grads.parameters[p]));
      }
    }
  }
};

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
  const auto rows = [](const Variable& points, const Variable& scale, const Rows& selected) {
    if (!autograd::should_record({points, scale})) {
      return Tensor();
    }
    return Tensor::empty({selected.total(), points.shape()[1], points.shape()[2]}, points.dtype());
  };
  grads.clouds.queries = rows(clouds.queries, clouds.query_scale, selection.queries);
  grads.clouds.keys = rows(clouds.keys, clouds.key_scale, selection.keys);
  clear_one_sided(selection, grads.clouds);
  grads.parameters.reserve(parameters.size());
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
  const auto side = [](const Variable& points, const Variable& scale, Rows rows) {
    return Side{std::move(rows), points.value(), scale.defined() ? scale.value() : Tensor()};
  };
  const bool one_tensor = same(clouds.queries, clouds.keys) && selection.queries == selection.keys;
  Pending pending{side(clouds.queries, clouds.query_scale, std::move(selection.queries)),
                  side(clouds.keys, clouds.key_scale, std::move(selection.keys)),
                  one_tensor,
                  std::move(evaluated.grads),
                  {}};
  Variable p[kMostParameters];
  pending.signs.reserve(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    p[i] = parameters[i].variable;
    pending.signs.push_back(parameters[i].ascends ? -reversal : 1.0);
  }
  static_assert(kMostParameters == 12);
  return autograd::record(
      name, Tensor::full({}, evaluated.loss, clouds.queries.dtype()),
      {clouds.queries, clouds.keys, clouds.query_scale, clouds.key_scale, p[0], p[1], p[2], p[3],
       p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11]},
      [pending = std::move(pending)](Node& node, const Tensor& grad_output) mutable {
        pending.hand_over(node, grad_output.item());
      });
}

}  // namespace attune::align
