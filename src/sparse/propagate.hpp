#pragma once

#include <array>
#include <cstdint>

#include "sparse/kernels.hpp"
#include "sparse/row_parts.hpp"
#include <attune/core/pool_array.hpp>
#include <attune/core/tensor.hpp>
#include <attune/graph/graph.hpp>

namespace attune::sparse {

/// out[i, :] = sum over row i of weight of the edge times x[j, :].
/// @param edges      the in-edges or, for a derivative, the out-edges
/// @param weight_of  weight_of(i) is a function from the nodes j that row i lists to weights,
/// double
template <class WeightOf>
core::Tensor propagate(const graph::CsrView& edges, const WeightOf& weight_of,
                       const core::Tensor& x) {
  const std::int64_t width = x.size(1);
  core::Tensor out = core::Tensor::empty({edges.num_nodes(), width}, x.dtype());
  core::dispatch(x.dtype(), [&]<class T>() {
    const T* from = x.data<T>().data();
    const std::array<RowSums<T>, 1> sums{{{out.mutable_data<T>().data(), width}}};
    const auto sum = [&](const RowPart& part, const std::array<T*, 1>& to) {
      const Rows& rows = part.rows;
      core::PoolArray<T> weight(rows.num_edges());
      T* w = weight.data();
      for (std::int64_t i = rows.begin; i < rows.end; ++i) {
        const auto of_edge = weight_of(part.node + i);
        for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e) {
          *w++ = static_cast<T>(of_edge(rows.col_idx[e]));
        }
      }
      kernels<T>().weighted_sums(rows, 1, width, weight.data(), from, to[0]);
    };
    const auto nothing = [](std::int64_t, std::int64_t) {};
    sum_rows(edges, entries_a_block(width), sums, sum, nothing);
  });
  return out;
}

}  // namespace attune::sparse
