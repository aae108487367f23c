#include "data/planetoid_parts.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include "data/pickle.hpp"
#include "data/pickled_matrix.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

namespace {

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
  const Pickle pickle = Pickle::parse(bytes, path);
  // A column costs memory though the file need not hold an entry of it.
  constexpr std::int64_t kMaxColumns = std::int64_t{1} << 20U;
  return read_pickled_matrix(pickle, pickle.root(), path, kMaxColumns);
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
