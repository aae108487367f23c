#include "data/npz_edges.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "data/assemble.hpp"
#include "data/edge_features.hpp"
#include "data/npz_checks.hpp"
#include "data/npz_pickles.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/graph/builder.hpp>

namespace attune::data {

using core::text;

namespace {

// Weights would be lost, and a stored zero is no edge: better refused than misread.
void require_ones(const NpyArray& array, std::int64_t count) {
  array.require_shape({count});
  const std::vector<double> weights = array.doubles();
  for (std::size_t e = 0; e < weights.size(); ++e) {
    if (weights[e] != 1) {
      array.fail(text("element ", e, ": expected edges of weight 1, found ", weights[e]));
    }
  }
}

std::vector<graph::Edge> read_edge_index(const NpzArchive& npz, std::int64_t num_nodes) {
  const NpyArray& array = npz.at("edge_index");
  array.require_shape({2, -1});
  const std::vector<std::int64_t> ends = array.ints();
  const std::int64_t num_edges = array.shape()[1];
  std::vector<graph::Edge> edges(static_cast<std::size_t>(num_edges));
  for (std::int64_t i = 0; i < num_edges; ++i) {
    edges[i] = {.src = checked(array, ends, i, 0, num_nodes - 1),
                .dst = checked(array, ends, num_edges + i, 0, num_nodes - 1)};
  }
  return edges;
}

std::vector<graph::Edge> read_adjacency(const NpzArchive& npz, std::int64_t num_nodes) {
  if (npz.has("adj_shape")) {
    require_values(npz, "adj_shape", {num_nodes, num_nodes});
  }
  const NpyArray& array = npz.at("adj_indices");
  array.require_shape({-1});
  const std::vector<std::int64_t> columns = array.ints();
  if (npz.has("adj_data")) {
    require_ones(npz.at("adj_data"), std::ssize(columns));
  }
  const std::vector<std::int64_t> row_ptr =
      read_row_ptr(npz, "adj_indptr", num_nodes, std::ssize(columns));
  std::vector<graph::Edge> edges(columns.size());
  for (std::int64_t row = 0; row < num_nodes; ++row) {
    for (std::int64_t e = row_ptr[row]; e < row_ptr[row + 1]; ++e) {
      edges[e] = {.src = checked(array, columns, e, 0, num_nodes - 1), .dst = row};
    }
  }
  return edges;
}

// One edge a row, each undirected edge once or twice.
std::vector<graph::Edge> read_edge_rows(const NpzArchive& npz, std::int64_t num_nodes) {
  const NpyArray& array = npz.at("edges");
  array.require_shape({-1, 2});
  const std::vector<std::int64_t> ends = array.ints();
  std::vector<graph::Edge> edges(ends.size() / 2);
  for (std::int64_t i = 0; i < std::ssize(edges); ++i) {
    edges[i] = {.src = checked(array, ends, 2 * i, 0, num_nodes - 1),
                .dst = checked(array, ends, 2 * i + 1, 0, num_nodes - 1)};
  }
  return edges;
}

std::vector<graph::Edge> read_pickled_adjacency(const NpzArchive& npz, std::int64_t num_nodes) {
  const FeatureRows rows = read_pickled_member(npz, "adj_matrix", num_nodes);
  if (rows.rows() != num_nodes || rows.columns != num_nodes) {
    throw FileError(npz.path(),
                    text("member \"adj_matrix\": expected shape [", num_nodes, ", ", num_nodes,
                         "], found [", rows.rows(), ", ", rows.columns, "]"));
  }
  std::vector<graph::Edge> edges;
  edges.reserve(rows.col_idx.size());
  for (std::int64_t row = 0; row < num_nodes; ++row) {
    for (std::int64_t e = rows.row_ptr[row]; e < rows.row_ptr[row + 1]; ++e) {
      if (rows.values[e] != 1) {
        throw FileError(npz.path(),
                        text("member \"adj_matrix\", row ", row, ", column ", rows.col_idx[e],
                             ": expected edges of weight 1, found ", rows.values[e]));
      }
      edges.push_back({.src = rows.col_idx[e], .dst = row});
    }
  }
  return edges;
}

std::vector<graph::Edge> read_edges(const NpzArchive& npz, std::int64_t num_nodes) {
  struct Form {
    bool there;
    std::vector<graph::Edge> (*read)(const NpzArchive&, std::int64_t);
  };
  const std::array forms{Form{npz.has("edge_index"), read_edge_index},
                         Form{npz.has("edges"), read_edge_rows},
                         Form{npz.has("adj_indices"), read_adjacency},
                         Form{npz.is_pickled("adj_matrix"), read_pickled_adjacency}};
  const auto there = [](const Form& form) { return form.there; };
  const auto count = std::count_if(forms.begin(), forms.end(), there);
  if (count != 1) {
    throw FileError(npz.path(), text("expected edges as edge_index, as edges, as adj_indptr and "
                                     "adj_indices or as a pickled adj_matrix, found ",
                                     count == 0 ? "none of them" : "several"));
  }
  return std::find_if(forms.begin(), forms.end(), there)->read(npz, num_nodes);
}

}  // namespace

NpzGraph read_graph(const NpzArchive& npz, std::int64_t num_nodes) {
  const std::vector<graph::Edge> edges = read_edges(npz, num_nodes);
  NpzGraph found{undirected(num_nodes, edges), core::Tensor()};
  if (npz.has("edge_attr")) {
    const NpyArray& array = npz.at("edge_attr");
    array.require_shape({std::ssize(edges), -1});
    if (array.shape()[1] < 1) {
      array.fail("expected a feature an edge at least, found none");
    }
    found.edge_features = features_in_order(found.graph, edges, array.floats(), array.shape()[1]);
  }
  return found;
}

}  // namespace attune::data
