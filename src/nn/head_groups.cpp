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

void put_columns(const Tensor& from, const Columns& c, Tensor& to) {
  dispatch(to.dtype(), [&]<class T>() {
    const T* in = from.data<T>().data();
    T* out = to.mutable_data<T>().data() + c.first;
    core::parallel_for(to.num_elements() / c.width, kRowGrain,
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i) {
                           std::copy_n(in + i * c.count, c.count, out + i * c.width);
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

// Rows whose derivatives stand side by side at a time: one long product is faster than several
// short ones that add to each other, and this many rows keep both threads busy.
constexpr std::int64_t kTileRows = std::int64_t{1} << 14;

// Rows [begin, begin + tile rows) of the derivatives of a group's projections, one beside the
// other.
void put_side_by_side(const std::vector<Tensor>& grads, std::int64_t count, std::int64_t begin,
                      Tensor& tile) {
  const std::int64_t width = tile.size(1);
  dispatch(tile.dtype(), [&]<class T>() {
    T* out = tile.mutable_data<T>().data();
    for (std::size_t p = 0; p < grads.size(); ++p) {
      // Rows that the projection does not have are zero.
      const std::int64_t rows = std::max<std::int64_t>(grads[p].num_elements() / count - begin, 0);
      const T* in = grads[p].data<T>().data() + (rows > 0 ? begin * count : 0);
      T* const first = out + static_cast<std::int64_t>(p) * count;
      core::parallel_for(tile.size(0), kRowGrain, [=](std::int64_t from, std::int64_t to) {
        for (std::int64_t i = from; i < to; ++i) {
          if (i < rows) {
            std::copy_n(in + i * count, count, first + i * width);
          } else {
            std::fill_n(first + i * width, count, T{0});
          }
        }
      });
    }
  });
}

// The weights of a group side by side, [in_channels, all columns].
Tensor weights_side_by_side(const Layer& layer, std::int64_t g) {
  const Columns c = layer.columns(g);
  const auto projections = static_cast<std::int64_t>(layer.weights.size());
  Tensor all = Tensor::empty({layer.x.size(1), projections * c.count}, layer.x.dtype());
  for (std::int64_t p = 0; p < projections; ++p) {
    put_columns(layer.weight(static_cast<std::size_t>(p), g), {all.size(1), p * c.count, c.count},
                all);
  }
  return all;
}

// grad W^T, added to the rows from `begin` on of what the features have been given so far.
template <std::floating_point T>
void add_to_features(const Tensor& tile, const Tensor& weights, std::int64_t begin, bool add,
                     Tensor& sum) {
  core::gemm<T>({.m = tile.size(0),
                 .n = weights.size(0),
                 .k = weights.size(1),
                 .transpose_a = false,
                 .transpose_b = true,
                 .accumulate = add},
                tile.data<T>(), weights.data<T>(),
                sum.mutable_data<T>().subspan(begin * sum.size(1), tile.size(0) * sum.size(1)));
}

// x^T grad over the rows of a tile, added to those of the tiles before it.
template <std::floating_point T>
void add_to_weights(const Tensor& x, const Tensor& tile, std::int64_t begin, Tensor& sum) {
  core::gemm<T>({.m = x.size(1),
                 .n = tile.size(1),
                 .k = tile.size(0),
                 .transpose_a = true,
                 .transpose_b = false,
                 .accumulate = begin > 0},
                x.data<T>().subspan(begin * x.size(1), tile.size(0) * x.size(1)), tile.data<T>(),
                sum.mutable_data<T>());
}

template <std::floating_point T>
Tensor column_sums(const Tensor& grad, std::int64_t columns) {
  const T* rows = grad.data<T>().data();
  return core::parallel_reduce_rows<T>(
      grad.num_elements() / columns, kRowGrain * 16, columns,
      [=](std::int64_t begin, std::int64_t end, std::span<T> sums) {
        T* const to = sums.data();
        for (std::int64_t i = begin; i < end; ++i) {
          for (std::int64_t k = 0; k < columns; ++k) {
            to[k] += rows[i * columns + k];
          }
        }
      });
}

// Derivatives of the weights of a group, side by side; those of the features are added to `x`.
Tensor differentiate_products(const Layer& layer, std::int64_t g, bool needs_x,
                              const std::vector<Tensor>& grads, Tensor& x) {
  const Tensor weights = weights_side_by_side(layer, g);
  Tensor sums = Tensor::zeros(weights.shape(), weights.dtype());
  const bool add = x.defined();
  if (needs_x && !add) {
    x = Tensor::empty(layer.x.shape(), layer.x.dtype());
  }
  const std::int64_t nodes = layer.x.size(0);
  for (std::int64_t begin = 0; begin < nodes; begin += kTileRows) {
    Tensor tile =
        Tensor::empty({std::min(kTileRows, nodes - begin), weights.size(1)}, weights.dtype());
    put_side_by_side(grads, layer.columns(g).count, begin, tile);
    dispatch(tile.dtype(), [&]<class T>() {
      if (needs_x) {
        add_to_features<T>(tile, weights, begin, add, x);
      }
      add_to_weights<T>(layer.x, tile, begin, sums);
    });
  }
  return sums;
}

// Hands the derivatives of a group's projections on to features, weights and biases.
void differentiate_projections(const Layer& layer, std::int64_t g, bool needs_x,
                               const std::vector<Tensor>& grads, Gradients& to) {
  const Columns c = layer.columns(g);
  const Tensor weights = differentiate_products(layer, g, needs_x, grads, to.x);
  for (std::size_t p = 0; p < grads.size(); ++p) {
    const Columns from{weights.size(1), static_cast<std::int64_t>(p) * c.count, c.count};
    put_columns(take_columns(weights, from, {layer.x.size(1), c.count}), c, to.weights[p]);
    if (layer.biases[p].defined()) {
      const Tensor sums =
          dispatch(layer.x.dtype(), [&]<class T>() { return column_sums<T>(grads[p], c.count); });
      put_columns(sums, c, to.biases[p]);
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
    differentiate_projections(layer, g, node.needs(kX), grads.inputs, to);
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
  // projection (the others go over what they are made of), coefficients and their derivatives.
  const auto fits = [&](std::int64_t group) {
    const std::int64_t of_nodes = s.nodes * group * s.channels;
    return of_nodes * (s.projections + 1) <= room &&
           of_nodes * (s.projections + 2) + 2 * s.edges * group <=
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
