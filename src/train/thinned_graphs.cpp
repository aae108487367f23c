#include "train/thinned_graphs.hpp"

#include <attune/sparse/edge_features.hpp>

namespace attune::train {

namespace {

// Of graphs whose input_edge() numbers the edges that there are features of.
std::vector<Variable> features_of(std::span<const graph::Graph> graphs, const Variable& all) {
  std::vector<Variable> features;
  for (std::size_t i = 0; all.defined() && i < graphs.size(); ++i) {
    features.push_back(sparse::order_edge_features(graphs[i], all));
  }
  return features;
}

}  // namespace

ThinnedGraphs::ThinnedGraphs(const graph::Graph& graph, const Variable& edge_features,
                             std::optional<graph::DropEdge> drop)
    : whole_{graph}, all_features_(edge_features), drop_(std::move(drop)) {
  if (edge_features.defined()) {
    whole_features_.push_back(edge_features);
  }
}

ThinnedGraphs::ThinnedGraphs(std::vector<graph::Graph> blocks, const Variable& edge_features,
                             std::optional<graph::DropEdge> drop)
    : whole_(std::move(blocks)),
      whole_features_(features_of(whole_, edge_features)),
      all_features_(edge_features),
      drop_(std::move(drop)) {}

ThinnedGraphs::Pass ThinnedGraphs::of(nn::ForwardContext& context) {
  if (!drop_ || !context.training()) {
    return {whole_, whole_features_};
  }
  const std::span<const graph::Graph> thinned = drop_->sample(context.next_stream());
  thinned_features_ = features_of(thinned, all_features_);
  return {thinned, thinned_features_};
}

}  // namespace attune::train
