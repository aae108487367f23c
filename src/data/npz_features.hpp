#pragma once

#include <cstdint>

#include <attune/data/npz.hpp>
#include <attune/sparse/csr_matrix.hpp>

namespace attune::data {

/// The features of num_nodes nodes: dense as `features`, `attr_matrix` or `node_features`, as CSR
/// in attr_data, attr_indices, attr_indptr and attr_shape, or as a pickled csr_matrix `node_attr`.
/// Zeros are dropped. Rows without a negative number are divided by their sum unless all have been
/// already.
/// @throws FileError  missing, in both forms, contradictory, or not finite
[[nodiscard]] sparse::CsrMatrix read_features(const NpzArchive& npz, std::int64_t num_nodes);

}  // namespace attune::data
