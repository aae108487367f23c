#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/graph/graph.hpp>

namespace attune::testing {

using Matrix = std::vector<std::vector<double>>;

/// The rows of a tensor, whatever axes follow the first.
[[nodiscard]] Matrix matrix(const core::Tensor& tensor);

/// x times w, plus the bias if there is one.
[[nodiscard]] Matrix product(const Matrix& x, const Matrix& w,
                             const std::vector<double>& bias = {});

/// Attention over the edges of a graph by its definition, as a dense matrix for every head in which
/// an edge that is there twice counts twice.
/// @param logit   of the edge j -> i, from (i, j, head)
/// @param values  [num_nodes, heads * channels]
/// @return        heads side by side or averaged; zero for a node without in-edges
[[nodiscard]] Matrix dense_attention(
    const graph::Graph& graph, std::size_t heads,
    const std::function<double(std::size_t, std::size_t, std::size_t)>& logit, const Matrix& values,
    bool concat);

[[nodiscard]] Matrix sum(Matrix x, const Matrix& y);

/// Every row plus the same numbers.
[[nodiscard]] Matrix plus_row(Matrix x, const std::vector<double>& row);

/// Largest |a - b|; infinite where the sizes differ or a number is not finite.
[[nodiscard]] double max_difference(const Matrix& a, const Matrix& b);

}  // namespace attune::testing
