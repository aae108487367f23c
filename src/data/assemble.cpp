#include "data/assemble.hpp"

#include <utility>

#include "data/feature_rows.hpp"
#include <attune/core/error.hpp>

namespace attune::data {

graph::Graph undirected(std::int64_t num_nodes, std::span<const graph::Edge> edges) {
  return graph::from_edges(num_nodes, edges,
                           {.self_loops = graph::SelfLoops::remove,
                            .duplicates = graph::Duplicates::merge,
                            .symmetric = true});
}

sparse::CsrMatrix identity_features(std::int64_t num_nodes) {
  FeatureRows rows;
  rows.columns = num_nodes;
  for (std::int64_t node = 0; node < num_nodes; ++node) {
    rows.append_unless_zero(node, 1);
    rows.end_row();
  }
  return to_features(std::move(rows));
}

std::vector<std::int64_t>* part_named(std::string_view name, NodeSplit& split) {
  if (name == "train") {
    return &split.train;
  }
  if (name == "validation" || name == "val" || name == "valid") {
    return &split.validation;
  }
  return name == "test" ? &split.test : nullptr;
}

NodeDataset finished(NodeDataset dataset, const std::string& path) {
  try {
    validate_nodes(dataset);
    for (const NodeSplit& split : dataset.splits) {
      validate_split(dataset, split);
    }
  } catch (const InvalidArgument& error) {
    throw FileError(path, error.what());
  }
  if (!dataset.splits.empty()) {
    dataset.split = dataset.splits.front();
    dataset.split_name = dataset.splits.size() == 1 ? "public" : "0";
  }
  return dataset;
}

}  // namespace attune::data
