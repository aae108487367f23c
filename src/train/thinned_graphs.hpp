#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <attune/autograd/variable.hpp>
#include <attune/graph/drop_edge.hpp>
#include <attune/graph/graph.hpp>
#include <attune/nn/forward_context.hpp>

namespace attune::train {

/// The graphs of a pass with the features of their edges: all edges, but in training steps those
/// that DropEdge leaves. One model's, since a step changes it.
class ThinnedGraphs {
 public:
  /// What a model takes.
  struct Pass {
    std::span<const graph::Graph> graphs;
    std::span<const Variable> edge_features;  ///< one a graph, or none
  };

  ThinnedGraphs() = default;

  /// A whole graph.
  /// @param edge_features  in the order of its in_edges(); undefined: none
  /// @param drop           none: every edge stays
  ThinnedGraphs(const graph::Graph& graph, const Variable& edge_features,
                std::optional<graph::DropEdge> drop);

  /// Blocks that were cut from a graph.
  /// @param edge_features  of all edges of that graph; undefined: none
  ThinnedGraphs(std::vector<graph::Graph> blocks, const Variable& edge_features,
                std::optional<graph::DropEdge> drop);

  /// Valid until the next call.
  [[nodiscard]] Pass of(nn::ForwardContext& context);

 private:
  std::vector<graph::Graph> whole_;
  std::vector<Variable> whole_features_;
  Variable all_features_;
  std::optional<graph::DropEdge> drop_;
  std::vector<Variable> thinned_features_;
};

}  // namespace attune::train
