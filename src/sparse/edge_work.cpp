#include "sparse/edge_work.hpp"

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::sparse {

using core::Tensor;

void check_edges(const EdgeFeatures& edges, const graph::Graph& graph, const AttentionSizes& sizes,
                 const Tensor& like, const char* who) {
  if (edges.features.defined() != edges.weight.defined()) {
    throw ShapeError(core::text(who, ": features of edges and their weight must come together, ",
                                "got one of them"));
  }
  if (!edges.defined()) {
    return;
  }
  const core::Shape& shape = edges.features.shape();
  if (shape.rank() != 2 || shape[0] != graph.num_edges() || shape[1] < 1) {
    throw ShapeError(core::text(who, ": features of edges must be [", graph.num_edges(),
                                ", edge_channels], got ", shape.to_string()));
  }
  core::require_shape(edges.weight.value(), {shape[1], sizes.width()}, who, "weight of edges");
  core::require_same_dtype(like, edges.features.value(), who);
  core::require_same_dtype(like, edges.weight.value(), who);
}

Tensor transposed(const Tensor& matrix) {
  const std::int64_t rows = matrix.size(0);
  const std::int64_t columns = matrix.size(1);
  Tensor result = Tensor::empty({columns, rows}, matrix.dtype());
  core::dispatch(matrix.dtype(), [&]<class T>() {
    const T* from = matrix.data<T>().data();
    T* to = result.mutable_data<T>().data();
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c) {
        to[c * rows + r] = from[r * columns + c];
      }
    }
  });
  return result;
}

Tensor SlotSums::total() const {
  Tensor sum = Tensor::zeros(shape_, slots_.dtype());
  core::dispatch(slots_.dtype(), [&]<class T>() {
    const T* from = slots_.data<T>().data();
    T* to = sum.mutable_data<T>().data();
    const std::int64_t width = shape_.num_elements();
    for (std::int64_t slot = 0; slot < slots_.size(0); ++slot, from += width) {
      for (std::int64_t c = 0; c < width; ++c) {
        to[c] += from[c];
      }
    }
  });
  return sum;
}

}  // namespace attune::sparse
