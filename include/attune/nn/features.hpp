#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include <attune/autograd/variable.hpp>
#include <attune/sparse/csr_matrix.hpp>

namespace attune::nn {

/// Node features that enter a layer: dense, [num_nodes, channels], or sparse rows. Sparsity is kept
/// through dropout and the first projection.
using Features = std::variant<Variable, sparse::CsrMatrix>;

/// Nodes.
[[nodiscard]] std::int64_t num_rows(const Features& x);
/// Features a node.
[[nodiscard]] std::int64_t num_channels(const Features& x);

/// The features times a weight, [num_nodes, out]; sparse ones cost their non-zeros.
/// @param weight  [channels, out]
/// @throws ShapeError  the shapes or the element types do not fit
[[nodiscard]] Variable project(const Features& x, const Variable& weight);

/// The first rows of that product, [num_rows, out], at the cost of these rows.
/// @throws ShapeError, InvalidArgument  there are not so many
[[nodiscard]] Variable project(const Features& x, const Variable& weight, std::int64_t num_rows);

/// Rows of the features in the order of the list; dense ones must be a constant.
/// @throws InvalidArgument  a row that is not there, or dense features that require a gradient
[[nodiscard]] Features select_rows(const Features& x, std::span<const std::int64_t> rows);

}  // namespace attune::nn
