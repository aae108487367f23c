#include "train/graph_batches.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "train/epoch_order.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/graph_batch.hpp>

namespace attune::train {

namespace {

/// A graph that is learned from.
struct TrainingGraph {
  graph::Graph graph;
  std::vector<std::int64_t> nodes;  // numbers in the data set
  std::vector<std::int64_t> rows;   // of the training nodes in the graph
};

/// Several of them side by side, with what is known of their nodes.
struct PartOfGraphs {
  graph::Graph graph;
  nn::Features features;
  std::vector<std::int32_t> labels;
  core::Tensor targets;
  std::vector<std::int64_t> rows;
};

std::vector<TrainingGraph> training_graphs(const graph::Graph& graph,
                                           std::span<const std::int64_t> graph_ptr,
                                           std::span<const std::int64_t> train) {
  const std::vector<graph::Graph> graphs = graph::unbatch_graphs(graph, graph_ptr);
  std::vector<TrainingGraph> training;
  auto at = train.begin();
  for (std::size_t g = 0; g < graphs.size(); ++g) {
    TrainingGraph one{.graph = graphs[g], .nodes = {}, .rows = {}};
    for (; at != train.end() && *at < graph_ptr[g + 1]; ++at) {
      one.rows.push_back(*at - graph_ptr[g]);
    }
    if (!one.rows.empty()) {
      one.nodes.resize(static_cast<std::size_t>(one.graph.num_nodes()));
      std::iota(one.nodes.begin(), one.nodes.end(), graph_ptr[g]);
      training.push_back(std::move(one));
    }
  }
  return training;
}

RowsPass pass_over_graphs(const std::vector<TrainingGraph>& all,
                          std::span<const std::int64_t> chosen, const NodeValues& values,
                          const models::GraphClassifier& model) {
  auto part = std::make_shared<PartOfGraphs>();
  std::vector<graph::Graph> graphs;
  std::vector<std::int64_t> nodes;
  for (const std::int64_t g : chosen) {
    const TrainingGraph& one = all[g];
    const std::int64_t before = std::ssize(nodes);
    std::ranges::transform(one.rows, std::back_inserter(part->rows),
                           [&](std::int64_t row) { return before + row; });
    nodes.insert(nodes.end(), one.nodes.begin(), one.nodes.end());
    graphs.push_back(one.graph);
  }
  part->graph = graph::batch_graphs(graphs).graph;
  part->features = nn::select_rows(values.features, nodes);
  part->labels = labels_of(values, nodes);
  part->targets = targets_of(values, nodes);
  return RowsPass{.logits =
                      [part, &model](nn::ForwardContext& context) {
                        return model.forward(part->features, part->graph, context);
                      },
                  .labels = part->labels,  // lives as long as the function
                  .rows = part->rows,
                  .targets = part->targets};
}

}  // namespace

TrainingBatches graph_batches(const graph::Graph& graph, std::span<const std::int64_t> graph_ptr,
                              std::span<const std::int64_t> train, const NodeValues& values,
                              const models::GraphClassifier& model, std::int64_t batch_size) {
  if (values.edge_features.defined()) {
    throw InvalidArgument(
        "NodeClassification: expected fan-outs beside a model that sees features of edges, which "
        "batches of whole graphs do not have");
  }
  const auto graphs =
      std::make_shared<std::vector<TrainingGraph>>(training_graphs(graph, graph_ptr, train));
  const auto numbers = std::make_shared<std::vector<std::int64_t>>(graphs->size());
  std::iota(numbers->begin(), numbers->end(), std::int64_t{0});
  const auto order = std::make_shared<EpochOrder>(*numbers, batch_size, "NodeClassification");
  return {.count = order->num_batches(),
          .pass = [graphs, numbers, order, values, &model](std::uint64_t seed, std::int64_t epoch,
                                                           std::int64_t batch) {
            return pass_over_graphs(*graphs, order->batch(seed, epoch, batch), values, model);
          }};
}

}  // namespace attune::train
