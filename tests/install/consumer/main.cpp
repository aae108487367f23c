// A program of someone else: trains a small GAT with nothing but the installed library.
#include <cstdio>

#include <attune/core/version.hpp>
#include <attune/data/generator.hpp>
#include <attune/graph/boost_graph.hpp>
#include <attune/graph/builder.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/train/fit.hpp>

int main() {
  const attune::data::NodeDataset dataset =
      attune::data::generate_citation_like({.num_nodes = 300, .num_classes = 3});
  const attune::graph::Graph graph = attune::graph::with_self_loops(dataset.graph);
  const attune::nn::Features features(dataset.features);
  const attune::models::GraphClassifier model(
      {.in_channels = dataset.features.columns(), .num_classes = dataset.num_classes}, 1);
  attune::train::Trainer trainer(
      model.parameters(),
      {.logits =
           [&](attune::nn::ForwardContext& ctx) { return model.forward(features, graph, ctx); },
       .labels = dataset.labels,
       .train = dataset.split.train,
       .validation = dataset.split.validation,
       .test = dataset.split.test},
      {.epochs = 50, .learning_rate = 0.01});
  const double accuracy = attune::train::fit(trainer).test->accuracy;
  const auto boost_edges = boost::num_edges(attune::graph::to_boost_csr(graph));
  std::printf("test accuracy %.3f on %zu edges\n", accuracy, static_cast<std::size_t>(boost_edges));
  return accuracy > 0.5 ? 0 : 1;
}
