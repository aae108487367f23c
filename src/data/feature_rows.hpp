#pragma once

#include <cstdint>
#include <vector>

#include <attune/sparse/csr_matrix.hpp>

namespace attune::data {

/// Sparse rows on their way from a file to a matrix: columns ascending within a row, values finite.
struct FeatureRows {
  std::int64_t columns = 0;
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  std::vector<float> values;

  [[nodiscard]] std::int64_t rows() const noexcept { return std::ssize(row_ptr) - 1; }

  void append_unless_zero(std::int64_t column, float value) {
    if (value != 0) {
      col_idx.push_back(static_cast<std::int32_t>(column));
      values.push_back(value);
    }
  }
  void end_row() { row_ptr.push_back(std::ssize(col_idx)); }
};

/// The rows as node features. Without a negative number they are divided by the sum of each row,
/// unless all have been already, so that dividing twice adds no rounding; zeros are dropped.
[[nodiscard]] sparse::CsrMatrix to_features(FeatureRows rows);

}  // namespace attune::data
