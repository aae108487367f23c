#include "data/pickled_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

/// A csr_matrix on its way from the attributes in a pickle to FeatureRows.
class MatrixReader {
 public:
  MatrixReader(const Pickle& pickle, PickleValue matrix, const std::string& path,
               std::int64_t max_columns)
      : pickle_(pickle), matrix_(matrix), path_(path), max_columns_(max_columns) {
    if (matrix.kind != PickleKind::matrix) {
      fail("expected a csr_matrix, found ", to_string(matrix.kind));
    }
  }

  FeatureRows read() {
    read_shape();
    rows_.row_ptr = integers(array("indptr", 'i'));
    const std::vector<std::int64_t> columns = integers(array("indices", 'i'));
    rows_.values = floats(array("data", 'f'));
    check_row_ptr(std::ssize(columns));
    check_columns(columns);
    rows_.col_idx.assign(columns.begin(), columns.end());
    sort_rows();
    check_values();
    return std::move(rows_);
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw FileError(path_, text(parts...));
  }

  /// The last one of that name, as Python would keep it; None where there is none.
  [[nodiscard]] PickleValue attribute(std::string_view name) const {
    const std::span<const PickleValue> items = pickle_.items(matrix_);
    PickleValue found;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      if (pickle_.string(items[i]) == name) {
        found = items[i + 1];
      }
    }
    return found;
  }

  [[nodiscard]] const PickleArray& array(const char* name, char type) const {
    const PickleValue value = attribute(name);
    const PickleArray& found = pickle_.array(value);
    if (value.kind != PickleKind::array) {
      fail("csr_matrix: expected an array as ", name, ", found ", to_string(value.kind));
    }
    if (found.shape.size() != 1 || found.type != type) {
      fail("csr_matrix: expected ", name, " to be a vector of ",
           type == 'i' ? "integers" : "floating-point numbers");
    }
    return found;
  }

  void read_shape() {
    const std::span<const PickleValue> shape = pickle_.items(attribute("_shape"));
    if (shape.size() != 2 || shape[0].kind != PickleKind::integer ||
        shape[1].kind != PickleKind::integer) {
      fail("csr_matrix: expected two integers as _shape");
    }
    num_rows_ = shape[0].number;
    rows_.columns = shape[1].number;
    if (rows_.columns < 1 || rows_.columns > max_columns_) {
      fail("csr_matrix: expected 1 to ", max_columns_, " columns, found ", rows_.columns);
    }
  }

  void check_row_ptr(std::int64_t num_entries) const {
    const std::vector<std::int64_t>& row_ptr = rows_.row_ptr;
    if (num_rows_ < 0 || std::ssize(row_ptr) - 1 != num_rows_) {
      fail("csr_matrix: expected indptr of the ", num_rows_, " rows of _shape and one more, found ",
           row_ptr.size());
    }
    if (row_ptr.front() != 0 || row_ptr.back() != num_entries) {
      fail("csr_matrix: expected indptr to run from 0 to the ", num_entries,
           " entries of indices, found ", row_ptr.front(), " to ", row_ptr.back());
    }
    for (std::int64_t row = 0; row < num_rows_; ++row) {
      if (row_ptr[row] > row_ptr[row + 1]) {
        fail("csr_matrix: indptr decreases at row ", row);
      }
    }
    if (std::ssize(rows_.values) != num_entries) {
      fail("csr_matrix: expected as many data as indices, ", num_entries, ", found ",
           rows_.values.size());
    }
  }

  void check_columns(std::span<const std::int64_t> columns) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] < 0 || columns[i] >= rows_.columns) {
        fail("csr_matrix: indices[", i, "]: expected 0 to ", rows_.columns - 1, ", found ",
             columns[i]);
      }
    }
  }

  [[nodiscard]] bool ascending(std::int64_t row) const {
    const auto begin = rows_.col_idx.begin() + rows_.row_ptr[row];
    const auto end = rows_.col_idx.begin() + rows_.row_ptr[row + 1];
    return std::adjacent_find(begin, end, std::greater_equal<>()) == end;
  }

  /// Brings columns into order; entries of one place are added up, as scipy does.
  void sort_rows() {
    std::int64_t row = 0;
    while (row < num_rows_ && ascending(row)) {
      ++row;
    }
    if (row == num_rows_) {
      return;  // as in every published file
    }
    FeatureRows sorted;
    sorted.columns = rows_.columns;
    for (row = 0; row < num_rows_; ++row) {
      append_sorted(row, sorted);
    }
    rows_ = std::move(sorted);
  }

  void append_sorted(std::int64_t row, FeatureRows& out) const {
    std::vector<std::pair<std::int32_t, float>> entries;
    for (std::int64_t e = rows_.row_ptr[row]; e < rows_.row_ptr[row + 1]; ++e) {
      entries.emplace_back(rows_.col_idx[e], rows_.values[e]);
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    const std::int64_t begin = std::ssize(out.col_idx);
    for (const auto& [column, value] : entries) {
      if (std::ssize(out.col_idx) > begin && out.col_idx.back() == column) {
        out.values.back() += value;
      } else {
        out.col_idx.push_back(column);
        out.values.push_back(value);
      }
    }
    out.row_ptr.push_back(std::ssize(out.col_idx));
  }

  void check_values() const {
    for (std::int64_t row = 0; row < num_rows_; ++row) {
      for (std::int64_t e = rows_.row_ptr[row]; e < rows_.row_ptr[row + 1]; ++e) {
        if (!std::isfinite(rows_.values[e])) {
          fail("row ", row, ", column ", rows_.col_idx[e], ": expected a finite number, found ",
               rows_.values[e]);
        }
      }
    }
  }

  const Pickle& pickle_;
  PickleValue matrix_;
  const std::string& path_;
  std::int64_t max_columns_;
  std::int64_t num_rows_ = 0;
  FeatureRows rows_;
};

}  // namespace

FeatureRows read_pickled_matrix(const Pickle& pickle, PickleValue matrix, const std::string& path,
                                std::int64_t max_columns) {
  return MatrixReader(pickle, matrix, path, max_columns).read();
}

}  // namespace attune::data
