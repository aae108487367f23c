#pragma once

#include <cstdint>
#include <vector>

#include <attune/core/random.hpp>
#include <attune/graph/builder.hpp>

namespace attune::testing {

/// `edges` random directed edges, duplicates merged, and a self-loop at every node.
inline graph::Graph random_graph(std::int64_t nodes, std::int64_t edges) {
  const core::RandomStream stream(9, core::Purpose::sampling);
  std::vector<graph::Edge> list;
  for (std::int64_t e = 0; e < edges; ++e) {
    const auto n = static_cast<std::uint64_t>(nodes);
    const auto at = static_cast<std::uint64_t>(2 * e);
    list.push_back({static_cast<std::int64_t>(stream.below(at, n)),
                    static_cast<std::int64_t>(stream.below(at + 1, n))});
  }
  return graph::from_edges(nodes, list, {.self_loops = graph::SelfLoops::add_all});
}

}  // namespace attune::testing
