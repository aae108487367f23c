#include "support/awkward_graphs.hpp"

#include <attune/graph/builder.hpp>

namespace attune::testing {

namespace {

using graph::Edge;

// Node 0 is joined to all others both ways, and the others to nobody else.
std::vector<Edge> hub(std::int64_t num_nodes) {
  std::vector<Edge> edges;
  for (std::int64_t node = 1; node < num_nodes; ++node) {
    edges.push_back({node, 0});
    edges.push_back({0, node});
  }
  return edges;
}

graph::Graph as_listed(std::int64_t num_nodes, const std::vector<Edge>& edges) {
  return graph::from_edges(num_nodes, edges, {.duplicates = graph::Duplicates::keep});
}

}  // namespace

std::vector<AwkwardGraph> awkward_graphs() {
  return {
      {"no nodes", graph::Graph()},
      {"one node", as_listed(1, {})},
      {"one node with a self-loop", as_listed(1, {{0, 0}})},
      {"no edges", as_listed(5, {})},
      {"first, middle and last row empty", as_listed(5, {{0, 1}, {2, 1}, {4, 3}})},
      {"multi-edges", as_listed(3, {{0, 1}, {0, 1}, {0, 1}, {2, 1}, {1, 0}, {1, 0}})},
      {"multiple self-loops", as_listed(3, {{1, 1}, {1, 1}, {0, 1}, {1, 2}})},
      {"only node 2 receives", as_listed(4, {{0, 2}, {1, 2}, {3, 2}})},
      {"only node 2 sends", as_listed(4, {{2, 0}, {2, 1}, {2, 3}})},
      {"two components", as_listed(5, {{0, 1}, {1, 0}, {2, 3}, {3, 4}, {4, 2}})},
      {"hub", as_listed(1500, hub(1500))},
  };
}

}  // namespace attune::testing
