#include <attune/data/generator.hpp>
#include <attune/graph/builder.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/train/fit.hpp>

using namespace attune;

namespace {

// Test accuracy of a small GAT on `graph`.
double accuracy_on(const graph::Graph& graph, const data::NodeDataset& dataset) {
  const graph::Graph looped = graph::with_self_loops(graph);
  const nn::Features features(dataset.features);
  const models::GraphClassifier model(
      {.in_channels = dataset.features.columns(), .num_classes = dataset.num_classes}, 1);
  train::Trainer trainer(
      model.parameters(),
      {.logits = [&](nn::ForwardContext& ctx) { return model.forward(features, looped, ctx); },
       .labels = dataset.labels,
       .train = dataset.split.train,
       .validation = dataset.split.validation,
       .test = dataset.split.test},
      {.epochs = 150, .patience = 0, .learning_rate = 0.01, .seed = 1});
  return train::fit(trainer).test->accuracy;
}

}  // namespace

TEST_CASE("generator: a GAT learns more from the graph than from the words alone",
          "[data][property]") {
  const data::NodeDataset dataset = data::generate_citation_like({.num_nodes = 1500, .seed = 3});
  const double with_graph = accuracy_on(dataset.graph, dataset);
  const double words_alone = accuracy_on(graph::from_edges(1500, {}), dataset);
  CAPTURE(with_graph, words_alone);
  REQUIRE(words_alone > 0.35);  // words tell something: chance is below 0.2
  REQUIRE(with_graph > words_alone + 0.15);
  REQUIRE(with_graph > 0.7);
  REQUIRE(with_graph < 0.95);  // and yet there is something left to do better
}
