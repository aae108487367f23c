#pragma once

#include <string>
#include <vector>

#include <attune/graph/graph.hpp>

namespace attune::testing {

struct AwkwardGraph {
  std::string name;
  graph::Graph graph;
};

/// The small graphs that break loops over nodes and edges: without nodes, one node with and without
/// a self-loop, no edge, empty rows, multi-edges, a hub whose row is longer than any block, nodes
/// that only send or only receive, two components.
[[nodiscard]] std::vector<AwkwardGraph> awkward_graphs();

}  // namespace attune::testing
