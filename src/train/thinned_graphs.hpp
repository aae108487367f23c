#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <attune/graph/drop_edge.hpp>
#include <attune/graph/graph.hpp>
#include <attune/nn/forward_context.hpp>

namespace attune::train {

/// The graphs of a pass: all edges, but in training steps those that DropEdge leaves. One model's,
/// since a step changes it.
class ThinnedGraphs {
 public:
  ThinnedGraphs() = default;
  /// @param drop  none: every edge stays
  ThinnedGraphs(std::vector<graph::Graph> whole, std::optional<graph::DropEdge> drop)
      : whole_(std::move(whole)), drop_(std::move(drop)) {}

  [[nodiscard]] std::span<const graph::Graph> of(nn::ForwardContext& context) {
    return drop_ && context.training() ? drop_->sample(context.next_stream())
                                       : std::span<const graph::Graph>(whole_);
  }

 private:
  std::vector<graph::Graph> whole_;
  std::optional<graph::DropEdge> drop_;
};

}  // namespace attune::train
