#include "data/feature_rows.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <attune/core/tensor.hpp>

namespace attune::data {

namespace {

constexpr double kSumTolerance = 1e-5;  // float rounding of some thousand numbers a row

// Whether the rows are to stay as they are: sums of one mean that they were divided before, so that
// dividing again would only add rounding; and to divide by the sum of numbers of both signs makes
// no sense.
bool stays(const FeatureRows& rows) {
  if (std::any_of(rows.values.begin(), rows.values.end(), [](float v) { return v < 0; })) {
    return true;
  }
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    double sum = 0;
    for (std::int64_t i = rows.row_ptr[row]; i < rows.row_ptr[row + 1]; ++i) {
      sum += rows.values[i];
    }
    if (rows.row_ptr[row] != rows.row_ptr[row + 1] && std::abs(sum - 1) > kSumTolerance) {
      return false;
    }
  }
  return true;
}

FeatureRows without_zeros(const FeatureRows& rows) {
  FeatureRows out;
  out.columns = rows.columns;
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    for (std::int64_t i = rows.row_ptr[row]; i < rows.row_ptr[row + 1]; ++i) {
      out.append_unless_zero(rows.col_idx[i], rows.values[i]);
    }
    out.end_row();
  }
  return out;
}

}  // namespace

sparse::CsrMatrix to_features(FeatureRows rows) {
  if (std::find(rows.values.begin(), rows.values.end(), 0.0F) != rows.values.end()) {
    rows = without_zeros(rows);
  }
  const bool as_they_are = stays(rows);
  core::Tensor values = core::Tensor::from(rows.values, {std::ssize(rows.values)});
  const sparse::CsrMatrix matrix(rows.columns, std::move(rows.row_ptr), std::move(rows.col_idx),
                                 std::move(values));
  return as_they_are ? matrix : sparse::normalize_rows(matrix);
}

}  // namespace attune::data
