#pragma once

#include <cstdint>
#include <span>

#include <attune/graph/graph.hpp>

namespace attune::graph {

/// src -> dst: dst attends to src.
struct Edge {
  std::int64_t src = 0;  ///< node that is attended to
  std::int64_t dst = 0;  ///< node that attends
  /// By src, then dst.
  friend auto operator<=>(const Edge&, const Edge&) = default;
};

/// What happens to edges from a node to itself.
enum class SelfLoops : std::uint8_t {
  keep,     ///< as they come
  remove,   ///< none
  add_all,  ///< exactly one a node, whatever came
};
/// What happens to several edges of the same (src, dst): each is kept, one of them is, or it is an
/// error.
enum class Duplicates : std::uint8_t { keep, merge, reject };

/// Policies of from_edges().
struct BuildOptions {
  SelfLoops self_loops = SelfLoops::keep;     ///< edges i -> i
  Duplicates duplicates = Duplicates::merge;  ///< of (src, dst), after symmetrisation
  bool symmetric = false;                     ///< add dst -> src for every edge
};

/// Graph from an edge list. Edges are sorted by (dst, src); of merged duplicates the first one in
/// the list gives its number to Graph::input_edge().
/// @throws InvalidArgument  an edge names a node outside [0, num_nodes) (says which edge), or a
///                          duplicate under Duplicates::reject
[[nodiscard]] Graph from_edges(std::int64_t num_nodes, std::span<const Edge> edges,
                               const BuildOptions& options = {});

/// The same graph with exactly one self-loop a node, as attention layers use it.
[[nodiscard]] Graph with_self_loops(const Graph& graph);

}  // namespace attune::graph
