#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>

#include "sparse/coefficients.hpp"
#include "sparse/row_parts.hpp"
#include <attune/core/tensor.hpp>
#include <attune/graph/graph.hpp>
#include <attune/sparse/edge_features.hpp>

/// What attentions with features of edges have in common.
namespace attune::sparse {

/// @throws ShapeError  features or weight do not fit, or have another element type than `like`
void check_edges(const EdgeFeatures& edges, const graph::Graph& graph, const AttentionSizes& sizes,
                 const core::Tensor& like, const char* who);

/// [columns, rows] of [rows, columns].
[[nodiscard]] core::Tensor transposed(const core::Tensor& matrix);

/// Entries a block for sums that are as large as the weight of the edges: each block has one, and
/// there are few whatever the size of the graph.
[[nodiscard]] inline std::int64_t coarse_grain(const graph::Graph& graph,
                                               const AttentionSizes& sizes) {
  constexpr std::int64_t kMostBlocks = 64;
  return std::max(edge_grain(sizes), (graph.num_edges() + graph.num_dst()) / kMostBlocks + 1);
}

/// Sums that the parts of for_row_parts() have one each of, until they are added.
class SlotSums {
 public:
  /// @param grain  of for_row_parts()
  SlotSums(const graph::CsrView& edges, std::int64_t grain, const core::Shape& shape,
           core::DType dtype)
      : shape_(shape),
        slots_(core::Tensor::zeros({num_slots(edges, grain), shape.num_elements()}, dtype)) {}

  template <std::floating_point T>
  [[nodiscard]] T* of(const RowPart& part) {
    return slots_.mutable_data<T>().data() + part.slot * shape_.num_elements();
  }

  /// In the order of the parts.
  [[nodiscard]] core::Tensor total() const;

 private:
  core::Shape shape_;
  core::Tensor slots_;
};

}  // namespace attune::sparse
