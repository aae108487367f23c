#include "data/planetoid_parts.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <span>
#include <utility>

#include "data/pickle.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

// A column costs memory though the file need not hold an entry of it.
constexpr std::int64_t kMaxColumns = std::int64_t{1} << 20U;

/// A csr_matrix on its way from the attributes in a pickle to FeatureRows.
class FeatureReader {
 public:
  FeatureReader(const Pickle& pickle, const std::string& path) : pickle_(pickle), path_(path) {
    if (pickle.root().kind != PickleKind::matrix) {
      fail("expected a csr_matrix, found ", to_string(pickle.root().kind));
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
    const std::span<const PickleValue> items = pickle_.items(pickle_.root());
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
    if (rows_.columns < 1 || rows_.columns > kMaxColumns) {
      fail("csr_matrix: expected 1 to ", kMaxColumns, " columns, found ", rows_.columns);
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
  const std::string& path_;
  std::int64_t num_rows_ = 0;
  FeatureRows rows_;
};

std::string describe(PickleValue value) {
  return value.kind == PickleKind::integer ? text(value.number) : to_string(value.kind);
}

/// Class of a one-hot row, -1 for zeros alone.
std::int32_t one_hot_class(std::span<const std::int64_t> row, std::int64_t number,
                           const std::string& path) {
  std::int32_t found = -1;
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (row[c] == 0) {
      continue;
    }
    if (row[c] != 1 || found >= 0) {
      throw FileError(path, text("row ", number, ": expected one 1 among zeros, found ",
                                 row[c] != 1 ? text("a ", row[c]) : "several"));
    }
    found = static_cast<std::int32_t>(c);
  }
  return found;
}

std::int64_t parse_node(std::string_view line, std::int64_t line_number, const std::string& path) {
  std::int64_t node = -1;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), node);
  if (error != std::errc() || end != line.data() + line.size() || node < 0) {
    throw FileError(path, line_number, "expected the number of a node alone on the line");
  }
  return node;
}

}  // namespace

FeatureRows parse_feature_rows(std::string_view bytes, const std::string& path) {
  return FeatureReader(Pickle::parse(bytes, path), path).read();
}

LabelRows parse_label_rows(std::string_view bytes, const std::string& path) {
  const Pickle pickle = Pickle::parse(bytes, path);
  const PickleArray& array = pickle.array(pickle.root());
  if (array.type != 'i' || array.shape.size() != 2) {
    throw FileError(path, text("expected a matrix of integers, found ",
                               array.type == '\0' ? to_string(pickle.root().kind)
                                                  : "an array of another shape or type"));
  }
  const std::vector<std::int64_t> cells = integers(array);
  LabelRows out{.num_classes = array.shape[1], .labels = {}};
  // Without a cell the number of rows could be anything.
  const std::int64_t rows = cells.empty() ? 0 : array.shape[0];
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::span one_hot(cells.data() + row * out.num_classes,
                            static_cast<std::size_t>(out.num_classes));
    out.labels.push_back(one_hot_class(one_hot, row, path));
  }
  return out;
}

AdjacencyLists parse_adjacency_lists(std::string_view bytes, const std::string& path) {
  const Pickle pickle = Pickle::parse(bytes, path);
  if (pickle.root().kind != PickleKind::dict) {
    throw FileError(path, text("expected a dict from node to list of neighbours, found ",
                               to_string(pickle.root().kind)));
  }
  const std::span<const PickleValue> items = pickle.items(pickle.root());
  AdjacencyLists out{.num_nodes = std::ssize(items) / 2, .edges = {}};
  const auto is_node = [&](PickleValue value) {
    return value.kind == PickleKind::integer && value.number >= 0 && value.number < out.num_nodes;
  };
  std::vector<bool> listed(static_cast<std::size_t>(out.num_nodes), false);
  for (std::size_t i = 0; i < items.size(); i += 2) {
    const std::int64_t node = items[i].number;
    if (!is_node(items[i]) || listed[node]) {
      throw FileError(path, text("entry ", i / 2, ": expected nodes 0 to ", out.num_nodes - 1,
                                 " once each, found ", describe(items[i])));
    }
    listed[node] = true;
    if (items[i + 1].kind != PickleKind::list) {
      throw FileError(path, text("node ", node, ": expected a list of neighbours, found ",
                                 describe(items[i + 1])));
    }
    for (const PickleValue neighbour : pickle.items(items[i + 1])) {
      if (!is_node(neighbour)) {
        throw FileError(path, text("node ", node, ": expected neighbours among nodes 0 to ",
                                   out.num_nodes - 1, ", found ", describe(neighbour)));
      }
      out.edges.push_back({.src = neighbour.number, .dst = node});
    }
  }
  return out;
}

std::vector<std::int64_t> parse_test_index(std::string_view bytes, const std::string& path) {
  std::vector<std::int64_t> nodes;
  while (!bytes.empty()) {
    const std::size_t length = std::min(bytes.find('\n'), bytes.size());
    nodes.push_back(parse_node(bytes.substr(0, length), std::ssize(nodes) + 1, path));
    bytes.remove_prefix(std::min(length + 1, bytes.size()));
  }
  return nodes;
}

}  // namespace attune::data
