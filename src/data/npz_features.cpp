#include "data/npz_features.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/npz_checks.hpp"
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

// The columns of an empty matrix cost memory too, so their number cannot be left to the file alone.
constexpr std::int64_t kMaxFeatures = 1 << 22;
constexpr double kSumTolerance = 1e-5;  // float rounding of some thousand numbers a row

struct Rows {
  explicit Rows(std::int64_t num_columns) : columns(num_columns) {}

  void append_unless_zero(std::int64_t column, float value) {
    if (value != 0) {
      col_idx.push_back(static_cast<std::int32_t>(column));
      values.push_back(value);
    }
  }
  void end_row() { row_ptr.push_back(std::ssize(col_idx)); }

  std::int64_t columns;
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  std::vector<float> values;
};

void require_columns(const NpyArray& array, std::int64_t columns) {
  if (columns < 1 || columns > kMaxFeatures) {
    array.fail(text("expected 1 to ", kMaxFeatures, " features, found ", columns));
  }
}

std::vector<float> finite_floats(const NpyArray& array) {
  std::vector<float> values = array.floats();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      array.fail(text("element ", i, ": expected a finite number, found ", values[i]));
    }
  }
  return values;
}

Rows read_dense(const NpyArray& array, std::int64_t num_nodes) {
  array.require_shape({num_nodes, -1});
  const std::int64_t columns = array.shape()[1];
  require_columns(array, columns);
  const std::vector<float> values = finite_floats(array);
  Rows rows(columns);
  for (std::int64_t row = 0; row < num_nodes; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      rows.append_unless_zero(column, values[row * columns + column]);
    }
    rows.end_row();
  }
  return rows;
}

Rows read_sparse(const NpzArchive& npz, std::int64_t num_nodes) {
  const NpyArray& shape = npz.at("attr_shape");
  shape.require_shape({2});
  const std::int64_t columns = shape.ints()[1];
  require_columns(shape, columns);
  require_values(npz, "attr_shape", {num_nodes, columns});
  const NpyArray& indices = npz.at("attr_indices");
  indices.require_shape({-1});
  const std::vector<std::int64_t> col_idx = indices.ints();
  npz.at("attr_data").require_shape({std::ssize(col_idx)});
  const std::vector<float> values = finite_floats(npz.at("attr_data"));
  const std::vector<std::int64_t> row_ptr =
      read_row_ptr(npz, "attr_indptr", num_nodes, std::ssize(col_idx));

  Rows rows(columns);
  std::vector<std::pair<std::int64_t, float>> row;  // scipy does not promise ascending columns
  for (std::int64_t node = 0; node < num_nodes; ++node) {
    row.clear();
    for (std::int64_t i = row_ptr[node]; i < row_ptr[node + 1]; ++i) {
      row.emplace_back(checked(indices, col_idx, i, 0, columns - 1), values[i]);
    }
    std::sort(row.begin(), row.end());
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0 && row[i].first == row[i - 1].first) {
        indices.fail(
            text("row ", node, ": expected each column once, found ", row[i].first, " twice"));
      }
      rows.append_unless_zero(row[i].first, row[i].second);
    }
    rows.end_row();
  }
  return rows;
}

// Whether the rows are to stay as they are: sums of one mean that they were divided before, so that
// dividing again would only add rounding; and to divide by the sum of numbers of both signs makes
// no sense.
bool stays(const Rows& rows) {
  if (std::any_of(rows.values.begin(), rows.values.end(), [](float v) { return v < 0; })) {
    return true;
  }
  for (std::size_t row = 0; row + 1 < rows.row_ptr.size(); ++row) {
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

}  // namespace

sparse::CsrMatrix read_features(const NpzArchive& npz, std::int64_t num_nodes) {
  const bool dense = npz.has("features") || npz.has("attr_matrix");
  require_one_of(npz, "features", dense, npz.has("attr_data"),
                 "features [num_nodes, num_features] or as attr_data, attr_indices, attr_indptr "
                 "and attr_shape");
  Rows rows = dense
                  ? read_dense(npz.at(npz.has("features") ? "features" : "attr_matrix"), num_nodes)
                  : read_sparse(npz, num_nodes);
  const bool as_they_are = stays(rows);
  core::Tensor values = core::Tensor::from(rows.values, {std::ssize(rows.values)});
  const sparse::CsrMatrix matrix(rows.columns, std::move(rows.row_ptr), std::move(rows.col_idx),
                                 std::move(values));
  return as_they_are ? matrix : sparse::normalize_rows(matrix);
}

}  // namespace attune::data
