#pragma once

#include <cstdint>

#include <attune/autograd/variable.hpp>
#include <attune/core/random.hpp>
#include <attune/sparse/csr_matrix.hpp>

namespace attune::sparse {

/// Sparse features times a dense matrix: [N, F] times [F, C] gives [N, C]. Costs the non-zeros of
/// the features, not N F; entries whose value is zero (dropped ones, say) are skipped. The
/// derivative is taken with respect to the weight alone.
/// @throws ShapeError  the weight is not [features.columns(), C], or the element types differ
[[nodiscard]] Variable spmm(const CsrMatrix& features, const Variable& weight);

/// The first rows of that product, [num_rows, C], at the cost of these rows.
/// @throws InvalidArgument  num_rows outside [0, features.rows()]
[[nodiscard]] Variable spmm(const CsrMatrix& features, const Variable& weight,
                            std::int64_t num_rows);

/// Dropout of the stored values: entry e is dropped where lane e of the stream says so
/// (ops::DropoutRate). The same distribution as dropout of the dense matrix: zeros stay zeros.
/// @throws InvalidArgument  p outside [0, 1)
[[nodiscard]] CsrMatrix dropout(const CsrMatrix& features, double p,
                                const core::RandomStream& stream);

}  // namespace attune::sparse
