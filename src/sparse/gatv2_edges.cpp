#include "sparse/gatv2_edges.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "sparse/edge_tiles.hpp"
#include "sparse/edge_work.hpp"
#include "sparse/kernels.hpp"
#include <attune/core/pool_array.hpp>

namespace attune::sparse {

using core::dispatch;
using core::Tensor;

namespace {

template <std::floating_point T>
const T* numbers(const Tensor& tensor) {
  return tensor.data<T>().data();
}

// sums[k, :] = nodes[columns[k], :] + features[k, :] W for the edges of a tile.
template <std::floating_point T>
void add_ends_and_edges(const AdditiveEdges& from, std::int64_t count, const std::int32_t* columns,
                        const T* nodes, const T* features, T* sums) {
  const std::int64_t width = from.sizes.width();
  for (std::int64_t k = 0; k < count; ++k) {
    std::copy_n(nodes + columns[k] * width, width, sums + k * width);
  }
  const ProductShape shape{.rows = count,
                           .inner = from.edge_channels(),
                           .columns = width,
                           .a_row = from.edge_channels(),
                           .a_inner = 1,
                           .b_row = width,
                           .c_row = width};
  kernels<T>().add_products(shape, features, numbers<T>(from.weight), sums);
}

// From s_e less the owner's part to what the tile's edges get, att g_e leaky_relu'(s_e), in place.
template <std::floating_point T>
void differentiate_tile(const AdditiveEdges& from, const EdgeTile& tile, const T* grad_logits,
                        const T* owners, T* sums, T* att_sums) {
  const AttentionSizes& s = from.sizes;
  kernels<T>().slope_sums(tile.apart, s.heads, s.channels, static_cast<T>(from.negative_slope),
                          grad_logits, sums, owners, sums, att_sums);
  kernels<T>().scale_columns(0, tile.count, s.width(), numbers<T>(from.att), sums);
}

// to[row, :] += sum over the edges of the row
template <std::floating_point T>
void add_to_rows(const EdgeTile& tile, std::int64_t width, const T* of_edges, T* to) {
  std::array<T, kMostTileEdges> ones;
  ones.fill(T{1});
  kernels<T>().add_weighted_sums(tile.together, 1, width, ones.data(), of_edges,
                                 to + tile.row * width);
}

// What a tile's edges get, handed on to their features and the weight.
template <std::floating_point T>
void add_edge_gradients(const AdditiveEdges& from, const EdgeTile& tile, const T* grad,
                        const Tensor& transposed_weight, T* weight_sums, T* grad_features) {
  const std::int64_t width = from.sizes.width();
  const std::int64_t channels = from.edge_channels();
  kernels<T>().add_products({.rows = channels,
                             .inner = tile.count,
                             .columns = width,
                             .a_row = 1,
                             .a_inner = channels,
                             .b_row = width,
                             .c_row = width},
                            numbers<T>(from.features) + tile.first * channels, grad, weight_sums);
  if (grad_features != nullptr) {
    kernels<T>().add_products({.rows = tile.count,
                               .inner = width,
                               .columns = channels,
                               .a_row = width,
                               .a_inner = 1,
                               .b_row = channels,
                               .c_row = channels},
                              grad, numbers<T>(transposed_weight),
                              grad_features + tile.first * channels);
  }
}

// Rows of the features for edges of the transpose.
template <std::floating_point T>
void gather_features(const AdditiveEdges& from, const std::int64_t* position, std::int64_t count,
                     T* to) {
  const std::int64_t channels = from.edge_channels();
  for (std::int64_t k = 0; k < count; ++k, to += channels) {
    std::copy_n(numbers<T>(from.features) + position[k] * channels, channels, to);
  }
}

}  // namespace

template <std::floating_point T>
void logits_with_edges(const AdditiveEdges& from, const RowPart& part, T* to) {
  const AttentionSizes& s = from.sizes;
  core::PoolArray<T> sums(tile_edges(s.width()) * s.width());
  for_edge_tiles(part, s.width(), [&](const EdgeTile& tile) {
    add_ends_and_edges<T>(from, tile.count, part.rows.col_idx + tile.first, numbers<T>(from.src),
                          numbers<T>(from.features) + tile.first * from.edge_channels(),
                          sums.data());
    kernels<T>().additive_logits(tile.together, s.heads, s.channels,
                                 static_cast<T>(from.negative_slope),
                                 numbers<T>(from.dst) + (part.node + tile.row) * s.width(),
                                 sums.data(), numbers<T>(from.att), to);
    to += tile.count * s.heads;
  });
}

AdditiveEdgeGradients in_edge_gradients(const graph::Graph& graph, const AdditiveEdges& from,
                                        const Tensor& grad_logits, bool needs_features) {
  const AttentionSizes& s = from.sizes;
  const core::DType dtype = from.src.dtype();
  const std::int64_t grain = coarse_grain(graph, s);
  const Tensor turned = needs_features ? transposed(from.weight) : Tensor();
  AdditiveEdgeGradients grads{Tensor::zeros(from.dst.shape(), dtype), Tensor(), Tensor(), Tensor()};
  if (needs_features) {
    grads.features = Tensor::zeros(from.features.shape(), dtype);
  }
  SlotSums att(graph.in_edges(), grain, from.att.shape(), dtype);
  SlotSums weight(graph.in_edges(), grain, from.weight.shape(), dtype);
  dispatch(dtype, [&]<class T>() {
    T* grad_features = needs_features ? grads.features.mutable_data<T>().data() : nullptr;
    const auto sum = [&](const RowPart& part, const std::array<T*, 1>& to) {
      core::PoolArray<T> tile_sums(tile_edges(s.width()) * s.width());
      T* sums = tile_sums.data();
      for_edge_tiles(part, s.width(), [&](const EdgeTile& tile) {
        add_ends_and_edges<T>(from, tile.count, part.rows.col_idx + tile.first,
                              numbers<T>(from.src),
                              numbers<T>(from.features) + tile.first * from.edge_channels(), sums);
        differentiate_tile<T>(from, tile, numbers<T>(grad_logits) + tile.first * s.heads,
                              numbers<T>(from.dst), sums, att.of<T>(part));
        add_to_rows<T>(tile, s.width(), sums, to[0]);
        add_edge_gradients<T>(from, tile, sums, turned, weight.of<T>(part), grad_features);
      });
    };
    const std::array<RowSums<T>, 1> rows{
        {{grads.dst.mutable_data<T>().data(), s.width(), /*add=*/true}}};
    sum_rows(graph.in_edges(), grain, rows, sum, [](std::int64_t, std::int64_t) {});
  });
  grads.att = att.total();
  grads.weight = weight.total();
  return grads;
}

Tensor out_edge_gradients(const graph::Graph& graph, const AdditiveEdges& from,
                          const Tensor& grad_logits) {
  const AttentionSizes& s = from.sizes;
  Tensor grad_src = Tensor::zeros(from.src.shape(), from.src.dtype());
  const std::int64_t* position = graph.out_to_in().data();
  dispatch(grad_src.dtype(), [&]<class T>() {
    const auto sum = [&](const RowPart& part, const std::array<T*, 1>& to) {
      const std::int64_t edges = tile_edges(s.width());
      core::PoolArray<T> sums(edges * s.width());
      core::PoolArray<T> features(edges * from.edge_channels());
      core::PoolArray<T> grads(edges * s.heads);
      for_edge_tiles(part, s.width(), [&](const EdgeTile& tile) {
        gather_features<T>(from, position + tile.first, tile.count, features.data());
        for (std::int64_t k = 0; k < tile.count; ++k) {
          std::copy_n(numbers<T>(grad_logits) + position[tile.first + k] * s.heads, s.heads,
                      grads.data() + k * s.heads);
        }
        add_ends_and_edges<T>(from, tile.count, part.rows.col_idx + tile.first,
                              numbers<T>(from.dst), features.data(), sums.data());
        differentiate_tile<T>(from, tile, grads.data(), numbers<T>(from.src), sums.data(), nullptr);
        add_to_rows<T>(tile, s.width(), sums.data(), to[0]);
      });
    };
    const std::array<RowSums<T>, 1> rows{
        {{grad_src.mutable_data<T>().data(), s.width(), /*add=*/true}}};
    sum_rows(graph.out_edges(), edge_grain(s), rows, sum, [](std::int64_t, std::int64_t) {});
  });
  return grad_src;
}

template void logits_with_edges(const AdditiveEdges&, const RowPart&, float*);
template void logits_with_edges(const AdditiveEdges&, const RowPart&, double*);

}  // namespace attune::sparse
