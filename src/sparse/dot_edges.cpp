#include "sparse/dot_edges.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sparse/edge_work.hpp"
#include <attune/core/pool_array.hpp>

namespace attune::sparse {

using core::dispatch;
using core::Tensor;

namespace {

template <std::floating_point T>
const T* numbers(const Tensor& tensor) {
  return tensor.data<T>().data();
}

// f(begin, end) for rows so few that heads * edge_channels numbers a row stay in the cache.
template <class F>
void for_some_rows(const DotEdges& edges, const Rows& rows, const F& f) {
  const std::int64_t width = edges.sizes.heads * edges.edge_channels();
  const std::int64_t most = std::clamp<std::int64_t>(8192 / width, 1, 64);
  for (std::int64_t begin = rows.begin; begin < rows.end; begin += most) {
    f(begin, std::min(begin + most, rows.end));
  }
}

std::int64_t room_for_rows(const DotEdges& edges) {
  const std::int64_t width = edges.sizes.heads * edges.edge_channels();
  return std::max<std::int64_t>(8192, width);
}

// The arrays [rows, heads, edge_channels] of some rows, and what they have to do with nodes.
template <std::floating_point T>
class RowProducts {
 public:
  explicit RowProducts(const DotEdges& edges)
      : edges_(edges),
        heads_(edges.sizes.heads),
        channels_(edges.sizes.channels),
        edge_channels_(edges.edge_channels()) {}

  // to[r, h, :] = W x[r, h, :]
  void project(std::int64_t rows, const T* x, T* to) const {
    std::fill_n(to, rows * heads_ * edge_channels_, T{0});
    for (std::int64_t h = 0; h < heads_; ++h) {
      kernels<T>().add_products({.rows = rows,
                                 .inner = channels_,
                                 .columns = edge_channels_,
                                 .a_row = heads_ * channels_,
                                 .a_inner = 1,
                                 .b_row = edge_channels_,
                                 .c_row = heads_ * edge_channels_},
                                x + h * channels_,
                                numbers<T>(edges_.turned) + h * channels_ * edge_channels_,
                                to + h * edge_channels_);
    }
  }

  // to[r, h, :] += x[r, h, :] W
  void add_back(std::int64_t rows, const T* x, T* to) const {
    for (std::int64_t h = 0; h < heads_; ++h) {
      kernels<T>().add_products({.rows = rows,
                                 .inner = edge_channels_,
                                 .columns = channels_,
                                 .a_row = heads_ * edge_channels_,
                                 .a_inner = 1,
                                 .b_row = heads_ * channels_,
                                 .c_row = heads_ * channels_},
                                x + h * edge_channels_, numbers<T>(edges_.weight) + h * channels_,
                                to + h * channels_);
    }
  }

  // sums[d, h, :] += sum over r of x[r, h, d] nodes[r, h, :], for the weight
  void add_outer(std::int64_t rows, const T* x, const T* nodes, T* sums) const {
    for (std::int64_t h = 0; h < heads_; ++h) {
      kernels<T>().add_products({.rows = edge_channels_,
                                 .inner = rows,
                                 .columns = channels_,
                                 .a_row = 1,
                                 .a_inner = heads_ * edge_channels_,
                                 .b_row = heads_ * channels_,
                                 .c_row = heads_ * channels_},
                                x + h * edge_channels_, nodes + h * channels_,
                                sums + h * channels_);
    }
  }

  // to[h, :] += sum over the edges of weight[e, h] f_e
  void add_features(std::int64_t first, std::int64_t count, const T* weight, T* to) const {
    kernels<T>().add_products({.rows = heads_,
                               .inner = count,
                               .columns = edge_channels_,
                               .a_row = 1,
                               .a_inner = heads_,
                               .b_row = edge_channels_,
                               .c_row = edge_channels_},
                              weight, numbers<T>(edges_.features) + first * edge_channels_, to);
  }

  // dots[e, h] += f_e . x[h, :]
  void add_dots(std::int64_t first, std::int64_t count, const T* x, T* scratch, T* dots) const {
    for (std::int64_t h = 0; h < heads_; ++h) {
      for (std::int64_t d = 0; d < edge_channels_; ++d) {
        scratch[d * heads_ + h] = x[h * edge_channels_ + d];
      }
    }
    kernels<T>().add_products({.rows = count,
                               .inner = edge_channels_,
                               .columns = heads_,
                               .a_row = edge_channels_,
                               .a_inner = 1,
                               .b_row = heads_,
                               .c_row = heads_},
                              numbers<T>(edges_.features) + first * edge_channels_, scratch, dots);
  }

  // grads[e, :] += sum over h of weight[e, h] x[h, :]
  void add_to_edges(std::int64_t count, const T* weight, const T* x, T* grads) const {
    kernels<T>().add_products({.rows = count,
                               .inner = heads_,
                               .columns = edge_channels_,
                               .a_row = heads_,
                               .a_inner = 1,
                               .b_row = edge_channels_,
                               .c_row = edge_channels_},
                              weight, x, grads);
  }

  [[nodiscard]] std::int64_t row_numbers() const { return heads_ * edge_channels_; }

 private:
  const DotEdges& edges_;
  std::int64_t heads_;
  std::int64_t channels_;
  std::int64_t edge_channels_;
};

// Coefficients after dropout of the edges of some rows.
template <std::floating_point T>
core::PoolArray<T> dropped(const Rows& rows, std::int64_t heads, double scale, const T* alpha) {
  core::PoolArray<T> weight(rows.num_edges() * heads);
  const T* from = alpha + rows.first_edge() * heads;
  for (std::int64_t k = 0; k < weight.size(); ++k) {
    weight.data()[k] = std::signbit(from[k]) ? T{0} : from[k] * static_cast<T>(scale);
  }
  return weight;
}

// One side of the attention: what some numbers an edge and head, the derivatives of the logits or
// the coefficients, weigh in sums with some numbers a node.
template <std::floating_point T>
struct Side {
  const T* weight;  // from the first edge of the rows
  const T* nodes;   // from the first node that part.rows would number 0
};

// Adds what weight and, unless grads is null, features of the edges get from one side.
template <std::floating_point T>
void add_side(const DotEdges& edges, const Rows& rows, const Side<T>& side, T* weight_sums,
              T* grads) {
  const AttentionSizes& s = edges.sizes;
  const RowProducts<T> products(edges);
  core::PoolArray<T> scratch(room_for_rows(edges));
  T* const x = scratch.data();
  for_some_rows(edges, rows, [&](std::int64_t begin, std::int64_t end) {
    const T* nodes = side.nodes + begin * s.width();
    const auto for_each = [&](const auto& f) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t first = rows.row_ptr[i];
        f(first, rows.row_ptr[i + 1] - first, side.weight + (first - rows.first_edge()) * s.heads,
          x + (i - begin) * products.row_numbers());
      }
    };
    std::fill_n(x, (end - begin) * products.row_numbers(), T{0});
    for_each([&](std::int64_t first, std::int64_t count, const T* weight, T* row) {
      products.add_features(first, count, weight, row);
    });
    products.add_outer(end - begin, x, nodes, weight_sums);
    if (grads != nullptr) {
      products.project(end - begin, nodes, x);
      for_each([&](std::int64_t first, std::int64_t count, const T* weight, const T* row) {
        products.add_to_edges(count, weight, row, grads + first * edges.edge_channels());
      });
    }
  });
}

}  // namespace

template <std::floating_point T>
void add_edge_dots(const DotEdges& edges, const RowPart& part, const T* nodes, T* dots) {
  const AttentionSizes& s = edges.sizes;
  const RowProducts<T> products(edges);
  const Rows& rows = part.rows;
  core::PoolArray<T> projected(room_for_rows(edges));
  core::PoolArray<T> scratch(products.row_numbers());
  for_some_rows(edges, rows, [&](std::int64_t begin, std::int64_t end) {
    products.project(end - begin, nodes + (part.node + begin) * s.width(), projected.data());
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = rows.row_ptr[i];
      products.add_dots(first, rows.row_ptr[i + 1] - first,
                        projected.data() + (i - begin) * products.row_numbers(), scratch.data(),
                        dots + (first - rows.first_edge()) * s.heads);
    }
  });
}

template <std::floating_point T>
void add_edge_sums(const DotEdges& edges, const Rows& rows, const T* weight, T* out) {
  const AttentionSizes& s = edges.sizes;
  const RowProducts<T> products(edges);
  core::PoolArray<T> sums(room_for_rows(edges));
  for_some_rows(edges, rows, [&](std::int64_t begin, std::int64_t end) {
    std::fill_n(sums.data(), (end - begin) * products.row_numbers(), T{0});
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = rows.row_ptr[i];
      products.add_features(first, rows.row_ptr[i + 1] - first,
                            weight + (first - rows.first_edge()) * s.heads,
                            sums.data() + (i - begin) * products.row_numbers());
    }
    products.add_back(end - begin, sums.data(), out + begin * s.width());
  });
}

DotEdgeGradients dot_edge_gradients(const graph::Graph& graph, const DotEdges& edges,
                                    const DotEdgeDerivatives& of, bool needs_features) {
  const AttentionSizes& s = edges.sizes;
  const std::int64_t grain = coarse_grain(graph, s);
  SlotSums weight(graph.in_edges(), grain, edges.weight.shape(), edges.weight.dtype());
  DotEdgeGradients grads;
  if (needs_features) {
    grads.features = Tensor::zeros(edges.features.shape(), edges.features.dtype());
  }
  dispatch(edges.weight.dtype(), [&]<class T>() {
    T* to_features = needs_features ? grads.features.mutable_data<T>().data() : nullptr;
    const T* logits = numbers<T>(of.grad_logits);
    const auto add = [&](const RowPart& part) {
      const std::int64_t node = part.node * s.width();
      const core::PoolArray<T> alpha =
          dropped<T>(part.rows, s.heads, of.dropout_scale, numbers<T>(of.alpha));
      add_side<T>(edges, part.rows,
                  {logits + part.rows.first_edge() * s.heads, numbers<T>(of.queries) + node},
                  weight.of<T>(part), to_features);
      add_side<T>(edges, part.rows, {alpha.data(), numbers<T>(of.grad_output) + node},
                  weight.of<T>(part), to_features);
    };
    for_row_parts(graph.in_edges(), grain, add, [&](const Hub& hub, std::int64_t) {
      hub.for_pieces([&](std::int64_t, const RowPart& part) { add(part); });
    });
  });
  grads.weight = weight.total();
  return grads;
}

template void add_edge_dots(const DotEdges&, const RowPart&, const float*, float*);
template void add_edge_dots(const DotEdges&, const RowPart&, const double*, double*);
template void add_edge_sums(const DotEdges&, const Rows&, const float*, float*);
template void add_edge_sums(const DotEdges&, const Rows&, const double*, double*);

}  // namespace attune::sparse
