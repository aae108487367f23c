#include <catch2/catch.hpp>

#include "citation_toy.hpp"
#include <attune/core/parallel.hpp>
#include <attune/train/fit.hpp>
#include <attune/train/node_classification.hpp>
#include <attune/train/settings.hpp>

using attune::models::GraphClassifier;
using attune::models::GraphClassifierOptions;
using attune::models::GraphModel;
using attune::train::FitResult;
using attune::train::NodeClassification;
using attune::train::Trainer;

namespace {

GraphClassifierOptions options_for(GraphModel model) {
  return {.model = model, .in_channels = 30, .num_classes = 3, .dropout = 0.3};
}

}  // namespace

TEST_CASE("node classification: every model learns the toy graph", "[train][fit]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy();
  attune::data::validate(dataset);
  const NodeClassification problem(dataset);
  for (const GraphModel which :
       {GraphModel::gat, GraphModel::gatv2, GraphModel::transformer, GraphModel::gcn}) {
    CAPTURE(attune::train::to_string(which));
    const GraphClassifier model(options_for(which), 1);
    Trainer trainer(model.parameters(), problem.task(model), {.epochs = 150, .seed = 1});
    const FitResult result = attune::train::fit(trainer);
    CHECK(result.test->accuracy > 0.7);
    // The model has the parameters that were measured.
    const auto again = attune::train::evaluate_predictions(problem.logits(model), dataset.labels,
                                                           dataset.split.test);
    CHECK(again.nll == result.test->nll);
  }
}

TEST_CASE("node classification: the same weights on 1, 2 and 8 threads", "[train][fit][property]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy(3000);
  const NodeClassification problem(dataset);
  const auto digest = [&](int threads) {
    FitResult result;
    attune::core::with_threads(threads, [&] {
      const GraphClassifier model(options_for(GraphModel::gat), 1);
      Trainer trainer(model.parameters(), problem.task(model), {.epochs = 10});
      result = attune::train::fit(trainer);
    });
    return result.weights_sha256;
  };
  const std::string one = digest(1);
  CHECK(digest(2) == one);
  CHECK(digest(8) == one);
}
