#include "data/npz_features.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/feature_rows.hpp"
#include "data/npz_checks.hpp"
#include "data/npz_pickles.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

// The columns of an empty matrix cost memory too, so their number cannot be left to the file alone.
constexpr std::int64_t kMaxFeatures = 1 << 22;
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

FeatureRows read_dense(const NpyArray& array, std::int64_t num_nodes) {
  array.require_shape({num_nodes, -1});
  const std::int64_t columns = array.shape()[1];
  require_columns(array, columns);
  const std::vector<float> values = finite_floats(array);
  FeatureRows rows;
  rows.columns = columns;
  for (std::int64_t row = 0; row < num_nodes; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      rows.append_unless_zero(column, values[row * columns + column]);
    }
    rows.end_row();
  }
  return rows;
}

FeatureRows read_sparse(const NpzArchive& npz, std::int64_t num_nodes) {
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

  FeatureRows rows;
  rows.columns = columns;
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

}  // namespace

sparse::CsrMatrix read_features(const NpzArchive& npz, std::int64_t num_nodes) {
  const std::string dense = first_member(npz, {"features", "attr_matrix", "node_features"});
  if (npz.is_pickled("node_attr") && dense.empty() && !npz.has("attr_data")) {
    FeatureRows rows = read_pickled_member(npz, "node_attr", kMaxFeatures);
    if (rows.rows() != num_nodes) {
      throw FileError(npz.path(), text("member \"node_attr\": expected ", num_nodes,
                                       " rows, one a node, found ", rows.rows()));
    }
    return to_features(std::move(rows));
  }
  require_one_of(npz, "features", !dense.empty(), npz.has("attr_data"),
                 "features [num_nodes, num_features] or as attr_data, attr_indices, attr_indptr "
                 "and attr_shape");
  return to_features(dense.empty() ? read_sparse(npz, num_nodes)
                                   : read_dense(npz.at(dense), num_nodes));
}

}  // namespace attune::data
