#pragma once

#include <variant>

#include <attune/autograd/variable.hpp>
#include <attune/sparse/csr_matrix.hpp>

namespace attune::nn {

/// Node features that enter a layer: dense, [num_nodes, channels], or sparse rows. Sparsity is kept
/// through dropout and the first projection.
using Features = std::variant<Variable, sparse::CsrMatrix>;

[[nodiscard]] std::int64_t num_rows(const Features& x);
[[nodiscard]] std::int64_t num_channels(const Features& x);

/// The features times a weight, [num_nodes, out]; sparse ones cost their non-zeros.
/// @param weight  [channels, out]
/// @throws ShapeError  the shapes or the element types do not fit
[[nodiscard]] Variable project(const Features& x, const Variable& weight);

}  // namespace attune::nn
