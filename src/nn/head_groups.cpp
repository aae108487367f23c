#include "nn/head_groups.hpp"

#include <algorithm>
#include <utility>

#include <attune/core/gemm.hpp>
#include <attune/core/parallel.hpp>
#include <attune/ops/matmul.hpp>
#include <attune/ops/rows.hpp>

namespace attune::nn {

using autograd::Node;
using core::dispatch;
using core::Tensor;

namespace {

constexpr std::int64_t kRowGrain = 512;

// Columns [first, first + count) of rows of `width` numbers; a vector is one row.
struct Columns {
  std::int64_t width;
  std::int64_t first;
  std::int64_t count;
};

Tensor take_columns(const Tensor& from, const Columns& c, const core::Shape& shape) {
  Tensor to = Tensor::empty(shape, from.dtype());
  dispatch(from.dtype(), [&]<class T>() {
    const T* in = from.data<T>().data() + c.first;
    T* out = to.mutable_data<T>().data();
    core::parallel_for(from.num_elements() / c.width, kRowGrain,
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i) {
                           std::copy_n(in + i * c.width, c.count, out + i * c.count);
                         }
                       });
  });
  return to;
}

// Rows that `from` does not have are zero.
void put_columns(const Tensor& from, const Columns& c, Tensor& to) {
  dispatch(to.dtype(), [&]<class T>() {
    const T* in = from.data<T>().data();
    T* out = to.mutable_data<T>().data() + c.first;
    const std::int64_t rows = from.num_elements() / c.count;
    core::parallel_for(to.num_elements() / c.width, kRowGrain,
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i) {
                           if (i < rows) {
                             std::copy_n(in + i * c.count, c.count, out + i * c.width);
                           } else {
                             std::fill_n(out + i * c.width, c.count, T{0});
                           }
                         }
                       });
  });
}

void add_columns(const Tensor& from, const Columns& c, Tensor& to) {
  dispatch(to.dtype(), [&]<class T>() {
    const T* in = from.data<T>().data();
    T* out = to.mutable_data<T>().data() + c.first;
    core::parallel_for(to.num_elements() / c.width, kRowGrain,
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i) {
                           for (std::int64_t k = 0; k < c.count; ++k) {
                             out[i * c.width + k] += in[i * c.count + k];
                           }
                         }
                       });
  });
}

// What the groups of a layer share: sizes, and the parts that belong to one of them.
struct Layer {
  Tensor x;
  std::vector<std::int64_t> num_rows;
  std::vector<Tensor> weights;
  std::vector<Tensor> biases;  // undefined where there is none
  Tensor vector;
  std::int64_t group;
  std::int64_t heads;
  std::vector<core::RandomStream> dropout;
  std::shared_ptr<const GroupAttention> attention;

  [[nodiscard]] std::int64_t num_groups() const { return heads / group; }
  [[nodiscard]] std::int64_t width() const { return weights[0].size(1); }
  [[nodiscard]] Columns columns(std::int64_t g) const {
    const std::int64_t count = width() / num_groups();
    return {width(), g * count, count};
  }
  [[nodiscard]] Tensor weight(std::size_t p, std::int64_t g) const {
    const Columns c = columns(g);
    return take_columns(weights[p], c, {x.size(1), c.count});
  }
  [[nodiscard]] Tensor vector_of(std::int64_t g) const {
    const Columns c = columns(g);
    return vector.defined() ? take_columns(vector, c, {group, c.count / group}) : Tensor();
  }
  [[nodiscard]] const core::RandomStream* stream(std::int64_t g) const {
    return dropout.empty() ? nullptr : &dropout[static_cast<std::size_t>(g)];
  }
  [[nodiscard]] std::vector<Tensor> project(std::int64_t g) const;
};

std::vector<Tensor> Layer::project(std::int64_t g) const {
  const Columns c = columns(g);
  std::vector<Tensor> projected;
  for (std::size_t p = 0; p < weights.size(); ++p) {
    const Variable bias =
        biases[p].defined() ? Variable(take_columns(biases[p], c, {c.count})) : Variable();
    const Variable rows = ops::first_rows(Variable(x), num_rows[p]);
    projected.push_back(ops::linear(rows, Variable(weight(p, g)), bias)
                            .value()
                            .reshape({num_rows[p], group, c.count / group}));
  }
  return projected;
}

Tensor attend(const Layer& layer, Tensor sums) {
  const bool add = sums.defined();
  for (std::int64_t g = 0; g < layer.num_groups(); ++g) {
    const Tensor heads =
        layer.attention->forward(layer.project(g), layer.vector_of(g), layer.stream(g));
    if (!sums.defined()) {
      sums = Tensor::empty({heads.size(0), layer.width()}, heads.dtype());
    }
    if (add) {
      add_columns(heads, layer.columns(g), sums);
    } else {
      put_columns(heads, layer.columns(g), sums);
    }
  }
  return sums;
}

// Inputs of the recorded operation: the features, weight and bias of each projection, the vector,
// the start.
constexpr int kMostProjections = 3;
constexpr int kX = 0;
constexpr int weight_input(std::size_t p) {
  return 1 + 2 * static_cast<int>(p);
}
constexpr int bias_input(std::size_t p) {
  return 2 + 2 * static_cast<int>(p);
}
constexpr int kVector = 1 + 2 * kMostProjections;
constexpr int kStart = kVector + 1;

struct Gradients {
  Tensor x;
  std::vector<Tensor> weights;
  std::vector<Tensor> biases;
  Tensor vector;
};

Gradients room_for_gradients(const Layer& layer) {
  Gradients grads;
  for (std::size_t p = 0; p < layer.weights.size(); ++p) {
    const Tensor& w = layer.weights[p];
    const Tensor& b = layer.biases[p];
    grads.weights.push_back(Tensor::empty(w.shape(), w.dtype()));
    grads.biases.push_back(b.defined() ? Tensor::empty(b.shape(), b.dtype()) : Tensor());
  }
  if (layer.vector.defined()) {
    grads.vector = Tensor::empty(layer.vector.shape(), layer.vector.dtype());
  }
  return grads;
}

// The derivatives of a group's projections side by side, [nodes, all columns], and the weights
// likewise: one long product is faster than several short ones that add to each other. Gives the
// derivatives up one after the other.
struct SideBySide {
  Tensor grads;
  Tensor weights;
};

SideBySide side_by_side(const Layer& layer, std::int64_t g, std::vector<Tensor> grads) {
  const Columns c = layer.columns(g);
  const std::int64_t width = c.count * static_cast<std::int64_t>(grads.size());
  SideBySide all{Tensor::empty({layer.x.size(0), width}, layer.x.dtype()),
                 Tensor::empty({layer.x.size(1), width}, layer.x.dtype())};
  for (std::size_t p = 0; p < grads.size(); ++p) {
    const Columns to{width, static_cast<std::int64_t>(p) * c.count, c.count};
    put_columns(std::exchange(grads[p], Tensor()), to, all.grads);
    put_columns(layer.weight(p, g), to, all.weights);
  }
  return all;
}

// grad W^T, added to what the features have been given so far.
template <std::floating_point T>
void add_to_features(const Layer& layer, const SideBySide& all, Tensor& sum) {
  const bool add = sum.defined();
  if (!add) {
    sum = Tensor::empty(layer.x.shape(), layer.x.dtype());
  }
  core::gemm<T>({.m = layer.x.size(0),
                 .n = layer.x.size(1),
                 .k = all.weights.size(1),
                 .transpose_a = false,
                 .transpose_b = true,
                 .accumulate = add},
                all.grads.data<T>(), all.weights.data<T>(), sum.mutable_data<T>());
}

// Over the weights, which are not needed any more.
template <std::floating_point T>
void weight_gradients(const Layer& layer, SideBySide& all) {
  core::gemm<T>({.m = layer.x.size(1),
                 .n = all.weights.size(1),
                 .k = layer.x.size(0),
                 .transpose_a = true,
                 .transpose_b = false,
                 .accumulate = false},
                layer.x.data<T>(), all.grads.data<T>(), all.weights.mutable_data<T>());
}

template <std::floating_point T>
Tensor column_sums(const Tensor& grad) {
  const T* rows = grad.data<T>().data();
  const std::int64_t columns = grad.size(1);
  return core::parallel_reduce_rows<T>(
      grad.size(0), kRowGrain * 16, columns,
      [=](std::int64_t begin, std::int64_t end, std::span<T> sums) {
        T* const to = sums.data();
        for (std::int64_t i = begin; i < end; ++i) {
          for (std::int64_t k = 0; k < columns; ++k) {
            to[k] += rows[i * columns + k];
          }
        }
      });
}

// Hands the derivatives of a group's projections on to features, weights and biases.
void differentiate_projections(const Layer& layer, std::int64_t g, bool needs_x,
                               std::vector<Tensor> grads, Gradients& to) {
  const Columns c = layer.columns(g);
  SideBySide all = side_by_side(layer, g, std::move(grads));
  const bool biased = layer.biases[0].defined();
  const Tensor biases = dispatch(layer.x.dtype(), [&]<class T>() {
    if (needs_x) {
      add_to_features<T>(layer, all, to.x);
    }
    weight_gradients<T>(layer, all);
    return biased ? column_sums<T>(all.grads) : Tensor();
  });
  const std::int64_t width = all.weights.size(1);
  for (std::size_t p = 0; p < layer.weights.size(); ++p) {
    const Columns from{width, static_cast<std::int64_t>(p) * c.count, c.count};
    put_columns(take_columns(all.weights, from, {layer.x.size(1), c.count}), c, to.weights[p]);
    if (biased) {
      put_columns(take_columns(biases, from, {c.count}), c, to.biases[p]);
    }
  }
}

void differentiate(const Layer& layer, Node& node, const Tensor& grad_output) {
  Gradients to = room_for_gradients(layer);
  for (std::int64_t g = 0; g < layer.num_groups(); ++g) {
    const Columns c = layer.columns(g);
    GroupAttention::Gradients grads = layer.attention->gradients(
        layer.project(g), layer.vector_of(g), layer.stream(g),
        take_columns(grad_output, c, {grad_output.size(0), layer.group, c.count / layer.group}));
    if (layer.vector.defined()) {
      put_columns(grads.vector, c, to.vector);
    }
    differentiate_projections(layer, g, node.needs(kX), std::move(grads.inputs), to);
  }
  node.add_grad(kX, std::move(to.x));
  for (std::size_t p = 0; p < layer.weights.size(); ++p) {
    node.add_grad(weight_input(p), std::move(to.weights[p]));
    node.add_grad(bias_input(p), std::move(to.biases[p]));
  }
  node.add_grad(kVector, std::move(to.vector));
  node.add_grad(kStart, grad_output);
}

}  // namespace

std::int64_t heads_a_group(const GroupSizes& s) {
  constexpr std::int64_t kLarge = std::int64_t{1} << 22;
  const std::int64_t width = s.heads * s.channels;
  if (s.nodes * width < kLarge) {
    return s.heads;
  }
  // Numbers beyond the output. Forward: the projections of a group and its sums. All heads as one
  // group: the projections, and the coefficients that are kept.
  const std::int64_t room = s.nodes * s.in_channels + 4 * s.edges * s.heads;
  if (s.nodes * s.projections * width + s.edges * s.heads <= room) {
    return s.heads;
  }
  // Backward, while there is no output: the projections, the derivatives of sums and of one
  // projection (the others go over what they are made of), coefficients and their derivatives; then
  // the derivatives of all projections, and the same side by side.
  const auto fits = [&](std::int64_t group) {
    const std::int64_t of_nodes = s.nodes * group * s.channels;
    return of_nodes * (s.projections + 1) <= room &&
           of_nodes * std::max(s.projections + 2, 2 * s.projections) + 2 * s.edges * group <=
               s.nodes * width + 4 * s.edges * s.heads;
  };
  std::int64_t group = s.heads;
  while (group > 1 && (s.heads % group != 0 || !fits(group))) {
    --group;
  }
  return group;
}

bool may_group(const ForwardContext& ctx) {
  return ctx.head_sink == nullptr && ctx.attention_sink == nullptr;
}

std::vector<core::RandomStream> group_streams(ForwardContext& ctx, double dropout,
                                              std::int64_t groups) {
  std::vector<core::RandomStream> streams;
  for (std::int64_t g = 0; ctx.training() && dropout > 0 && g < groups; ++g) {
    streams.push_back(ctx.next_stream());
  }
  return streams;
}

Variable attend_in_groups(GroupedHeads from) {
  Layer layer{.x = from.x.value(),
              .num_rows = {},
              .weights = {},
              .biases = {},
              .vector = from.vector.defined() ? from.vector.value() : Tensor(),
              .group = from.group,
              .heads = from.heads,
              .dropout = std::move(from.dropout),
              .attention = std::move(from.attention)};
  for (const HeadProjection& p : from.projections) {
    layer.num_rows.push_back(p.num_rows);
    layer.weights.push_back(p.weight.value());
    layer.biases.push_back(p.bias.defined() ? p.bias.value() : Tensor());
  }
  Tensor start;
  if (from.start.defined()) {
    start = from.start.take_value();
    start = start.defined() ? start : from.start.value().clone();
  }
  Tensor sums = attend(layer, std::move(start));
  from.projections.resize(kMostProjections);
  const HeadProjection& a = from.projections[0];
  const HeadProjection& b = from.projections[1];
  const HeadProjection& c = from.projections[2];
  return autograd::record(
      "head_groups", std::move(sums),
      {from.x, a.weight, a.bias, b.weight, b.bias, c.weight, c.bias, from.vector, from.start},
      [layer = std::move(layer)](Node& node, const Tensor& grad_output) {
        differentiate(layer, node, grad_output);
      });
}

}  // namespace attune::nn
