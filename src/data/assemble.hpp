#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <attune/data/node_dataset.hpp>
#include <attune/graph/builder.hpp>

namespace attune::data {

/// As with every data set here: symmetrised, duplicates merged, self-loops dropped.
[[nodiscard]] graph::Graph undirected(std::int64_t num_nodes, std::span<const graph::Edge> edges);

/// A column for each node, for graphs without features.
[[nodiscard]] sparse::CsrMatrix identity_features(std::int64_t num_nodes);

/// The part of a split that files call train, validation, val, valid or test; null for every other
/// word.
[[nodiscard]] std::vector<std::int64_t>* part_named(std::string_view name, NodeSplit& split);

/// Checks what a loader put together; of several splits the first is taken.
/// @param path  to blame
/// @throws FileError  as validate_nodes() and validate_split()
[[nodiscard]] NodeDataset finished(NodeDataset dataset, const std::string& path);

}  // namespace attune::data
