#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "citation_toy.hpp"
#include "train/epoch_order.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/fit.hpp>
#include <attune/train/node_classification.hpp>
#include <attune/train/settings.hpp>

using attune::InvalidArgument;
using attune::models::GraphClassifier;
using attune::models::GraphClassifierOptions;
using attune::models::GraphModel;
using attune::train::AlignmentRegularizer;
using attune::train::ClassificationTask;
using attune::train::EpochOrder;
using attune::train::EpochReport;
using attune::train::FitResult;
using attune::train::NodeBatchOptions;
using attune::train::NodeClassification;
using attune::train::Trainer;
using Catch::Matchers::Contains;

namespace {

const NodeBatchOptions kSampled{.batch_size = 16, .fan_outs = {4, 3}};

GraphClassifierOptions options_for(GraphModel model, double dropout = 0.3) {
  return {.model = model,
          .in_channels = 30,
          .num_classes = 3,
          .dropout = dropout,
          .attention_dropout = dropout};
}

AlignmentRegularizer alignment_of_batches() {
  return AlignmentRegularizer({.distance = {.kind = attune::align::Kind::ct, .samples = 16},
                               .all_nodes = false,
                               .every = 2});
}

}  // namespace

TEST_CASE("EpochOrder: an epoch visits every item once in an order of its own", "[train]") {
  const std::vector<std::int64_t> items{2, 3, 5, 7, 11, 13, 17};
  EpochOrder order(items, 3, "test");
  REQUIRE(order.num_batches() == 3);
  const auto epoch = [&](std::uint64_t seed, std::int64_t number) {
    std::vector<std::int64_t> visited;
    for (std::int64_t batch = 0; batch < 3; ++batch) {
      const auto part = order.batch(seed, number, batch);
      CHECK(part.size() == (batch < 2 ? 3 : 1));
      visited.insert(visited.end(), part.begin(), part.end());
    }
    CHECK(std::is_permutation(visited.begin(), visited.end(), items.begin(), items.end()));
    return visited;
  };
  const auto first = epoch(1, 1);
  const auto second = epoch(1, 2);
  CHECK(first != second);
  CHECK(epoch(2, 1) != first);
  CHECK(epoch(1, 1) == first);  // whatever was asked for before
  REQUIRE_THROWS_WITH(EpochOrder(items, 0, "test"),
                      Contains("test: batch_size must be at least 1, got 0"));
}

TEST_CASE("node batches: every model learns from sampled neighbours", "[train][fit]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy();
  const NodeClassification problem(dataset);
  for (const GraphModel which : {GraphModel::gat, GraphModel::gatv2, GraphModel::transformer,
                                 GraphModel::gcn, GraphModel::sage}) {
    CAPTURE(attune::train::to_string(which));
    const GraphClassifier model(options_for(which), 1);
    Trainer trainer(model.parameters(), problem.task(model, kSampled), {.epochs = 50, .seed = 1});
    const FitResult result = attune::train::fit(trainer);
    CHECK(result.test->accuracy > 0.7);
    // It is measured on the whole graph.
    const auto again = attune::train::evaluate_predictions(problem.logits(model), dataset.labels,
                                                           dataset.split.test);
    CHECK(again.nll == result.test->nll);
  }
}

TEST_CASE("node batches: one batch with all neighbours trains as the whole graph does",
          "[train][fit][property]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy(3000);
  const NodeClassification problem(dataset);
  for (const GraphModel which :
       {GraphModel::gat, GraphModel::transformer, GraphModel::gcn, GraphModel::sage}) {
    CAPTURE(attune::train::to_string(which));
    const GraphClassifier first(options_for(which, 0), 1);
    const GraphClassifier second(options_for(which, 0), 1);
    Trainer batch(first.parameters(),
                  problem.task(first, {.batch_size = 1000, .fan_outs = {-1, -1}}), {.epochs = 5});
    Trainer whole(second.parameters(), problem.task(second), {.epochs = 5});
    for (int epoch = 0; epoch < 5; ++epoch) {
      const EpochReport a = batch.run_epoch();
      const EpochReport b = whole.run_epoch();
      // Adam divides by the root of a squared gradient: rounding grows with the steps.
      CHECK(a.train_loss == Approx(b.train_loss).epsilon(1e-4));
      CHECK(a.validation->loss == Approx(b.validation->loss).epsilon(1e-4));
    }
  }
}

TEST_CASE("node batches: the loss of an epoch is the mean over the training nodes", "[train]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy();
  const NodeClassification problem(dataset);
  const GraphClassifier model(options_for(GraphModel::gat, 0), 1);
  // No step changes anything: 60 nodes in batches of 16, 16, 16 and 12.
  const attune::train::FitOptions still{.learning_rate = 1e-30, .weight_decay = 0};
  Trainer batches(model.parameters(), problem.task(model, {.batch_size = 16, .fan_outs = {-1, -1}}),
                  still);
  Trainer whole(model.parameters(), problem.task(model), still);
  CHECK(batches.run_epoch().train_loss == Approx(whole.run_epoch().train_loss).epsilon(1e-6));
}

TEST_CASE("node batches: the same weights on 1, 2 and 8 threads and after a resumption",
          "[train][fit][property][threads]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy(3000);
  const NodeClassification problem(dataset);
  const bool aligned = GENERATE(false, true);
  CAPTURE(aligned);
  const auto digest = [&](int threads, std::int64_t stop_after) {
    FitResult result;
    attune::core::with_threads(threads, [&] {
      AlignmentRegularizer alignment = alignment_of_batches();
      const auto regularizers = aligned ? std::vector<attune::train::Regularizer*>{&alignment}
                                        : std::vector<attune::train::Regularizer*>{};
      const GraphClassifier model(options_for(GraphModel::gat), 1);
      Trainer trainer(model.parameters(), problem.task(model, kSampled), {.epochs = 6},
                      regularizers);
      if (stop_after > 0) {
        AlignmentRegularizer earlier_alignment = alignment_of_batches();
        const auto earlier_regularizers =
            aligned ? std::vector<attune::train::Regularizer*>{&earlier_alignment}
                    : std::vector<attune::train::Regularizer*>{};
        const GraphClassifier earlier_model(options_for(GraphModel::gat), 1);
        Trainer earlier(earlier_model.parameters(), problem.task(earlier_model, kSampled),
                        {.epochs = 6}, earlier_regularizers);
        for (std::int64_t epoch = 0; epoch < stop_after; ++epoch) {
          (void)earlier.run_epoch();
        }
        trainer.load_state(earlier.state());
      }
      result = attune::train::fit(trainer);
    });
    return result.weights_sha256;
  };
  const std::string one = digest(1, 0);
  CHECK(digest(2, 0) == one);
  CHECK(digest(8, 0) == one);
  CHECK(digest(2, 3) == one);
}

TEST_CASE("node batches: each is made once and in turn and one that fails ends the epoch",
          "[train][fit][threads]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy();
  const NodeClassification problem(dataset);
  const GraphClassifier model(options_for(GraphModel::gat), 1);
  ClassificationTask task = problem.task(model, kSampled);  // 60 nodes, four batches
  std::vector<std::pair<std::int64_t, std::int64_t>> made;
  task.batches->pass = [&made, pass = task.batches->pass](std::uint64_t seed, std::int64_t epoch,
                                                          std::int64_t batch) {
    made.emplace_back(epoch, batch);
    if (epoch == 2 && batch == 2) {
      throw attune::Error("no such batch");
    }
    return pass(seed, epoch, batch);
  };
  attune::core::with_threads(GENERATE(1, 2), [&] {
    Trainer trainer(model.parameters(), task, {});
    (void)trainer.run_epoch();
    REQUIRE_THROWS_WITH(trainer.run_epoch(), Contains("epoch 2: no such batch"));
  });
  CHECK(made == std::vector<std::pair<std::int64_t, std::int64_t>>{
                    {1, 0}, {1, 1}, {1, 2}, {1, 3}, {2, 0}, {2, 1}, {2, 2}});
}

TEST_CASE("node batches: refuse what makes no sense", "[train]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy();
  const NodeClassification problem(dataset);
  const GraphClassifier model(options_for(GraphModel::gat), 1);
  const auto task = [&](const NodeBatchOptions& options) { return problem.task(model, options); };
  REQUIRE_THROWS_AS(task({.batch_size = 0, .fan_outs = {5, 5}}), InvalidArgument);
  REQUIRE_THROWS_WITH(task({.batch_size = 0, .fan_outs = {5, 5}}),
                      Contains("batch_size must be at least 1, got 0"));
  REQUIRE_THROWS_WITH(task({.batch_size = 8, .fan_outs = {5}}),
                      Contains("expected 2 fan-outs, one a layer, got 1"));
  REQUIRE_THROWS_WITH(task({.batch_size = 8, .fan_outs = {5, 0}}), Contains("got 0"));
  AlignmentRegularizer all_nodes({.distance = {.kind = attune::align::Kind::mmd}});
  REQUIRE_THROWS_WITH(Trainer(model.parameters(), task(kSampled), {}, {&all_nodes}),
                      Contains("a regulariser needs all rows, which no batch computes"));
  ClassificationTask none = problem.task(model);
  none.batches = attune::train::TrainingBatches{};
  REQUIRE_THROWS_WITH(
      Trainer(model.parameters(), none, {}),
      Contains("expected at least one batch and a function that makes it, got 0 and"));
  ClassificationTask many = task(kSampled);
  many.batches->count = std::int64_t{1} << 32;
  REQUIRE_THROWS_WITH(Trainer(model.parameters(), many, {.epochs = 1}),
                      Contains("expected at most 4294967295 steps in all, got 1 epochs of"));
}
