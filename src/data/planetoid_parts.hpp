#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/feature_rows.hpp"
#include <attune/data/node_dataset.hpp>
#include <attune/graph/builder.hpp>

namespace attune::data {

/// Rows of y, ty or ally: the class of each, -1 for a row of zeros.
struct LabelRows {
  std::int64_t num_classes = 0;
  std::vector<std::int32_t> labels;

  [[nodiscard]] std::int64_t rows() const noexcept { return std::ssize(labels); }
};

/// Neighbours of each node as listed: nodes 0 to num_nodes - 1 once each, every neighbour one of
/// them.
struct AdjacencyLists {
  std::int64_t num_nodes = 0;
  std::vector<graph::Edge> edges;
};

struct PlanetoidParts {
  FeatureRows x, tx, allx;
  LabelRows y, ty, ally;
  AdjacencyLists graph;
  std::vector<std::int64_t> test_index;
};

// Each reads one file's bytes. `path` is for messages.
// @throws FileError  the bytes are not what the part must be
[[nodiscard]] FeatureRows parse_feature_rows(std::string_view bytes, const std::string& path);
[[nodiscard]] LabelRows parse_label_rows(std::string_view bytes, const std::string& path);
[[nodiscard]] AdjacencyLists parse_adjacency_lists(std::string_view bytes, const std::string& path);
[[nodiscard]] std::vector<std::int64_t> parse_test_index(std::string_view bytes,
                                                         const std::string& path);

/// The data set that the parts make up, valid; `source` and `sha256` are left empty.
/// @throws FileError  parts that contradict each other
[[nodiscard]] NodeDataset assemble_planetoid(const PlanetoidParts& parts, const std::string& folder,
                                             const std::string& name);

}  // namespace attune::data
