#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "citation_toy.hpp"
#include "support/tensors.hpp"
#include <attune/core/parallel.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/fit.hpp>
#include <attune/train/node_classification.hpp>
#include <attune/train/settings.hpp>

using attune::models::GraphClassifier;
using attune::models::GraphClassifierOptions;
using attune::models::GraphModel;
using attune::train::AlignmentRegularizer;
using attune::train::ComputedNodes;
using attune::train::EpochReport;
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
  for (const GraphModel which : {GraphModel::gat, GraphModel::gatv2, GraphModel::transformer,
                                 GraphModel::gcn, GraphModel::sage}) {
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

TEST_CASE("node classification: features stay sparse where they are, else they are dense",
          "[train]") {
  attune::data::NodeDataset dataset = attune::testing::citation_toy();
  const NodeClassification sparse(dataset);
  CHECK(std::holds_alternative<attune::sparse::CsrMatrix>(sparse.features()));
  const std::int64_t nodes = dataset.num_nodes();
  std::vector<std::int64_t> row_ptr;
  std::vector<std::int32_t> col_idx;
  std::vector<float> values;
  for (std::int64_t node = 0; node <= nodes; ++node) {
    row_ptr.push_back(2 * node);
  }
  for (std::int64_t node = 0; node < nodes; ++node) {
    for (const std::int32_t column : {0, 2}) {
      col_idx.push_back(column);
      values.push_back(static_cast<float>(node % 7) - 2.5F);
    }
  }
  dataset.features = attune::sparse::CsrMatrix(
      3, row_ptr, col_idx, attune::core::Tensor::from(values, {std::ssize(values)}));
  const NodeClassification dense(dataset);
  REQUIRE(std::holds_alternative<attune::autograd::Variable>(dense.features()));
  const attune::core::Tensor cells = std::get<attune::autograd::Variable>(dense.features()).value();
  CHECK(cells.size(0) == nodes);
  CHECK(cells.size(1) == 3);
  CHECK(cells.data<float>()[3 * 8] == -1.5F);
  CHECK(cells.data<float>()[3 * 8 + 1] == 0);
  const GraphClassifier model({.in_channels = 3, .num_classes = 3}, 1);
  Trainer trainer(model.parameters(), dense.task(model), {.epochs = 3});
  CHECK(attune::train::fit(trainer).epochs == 3);
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

TEST_CASE("node classification: without dropout, needed nodes train as all nodes do",
          "[train][fit][property]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy(3000);
  const NodeClassification problem(dataset);
  for (const GraphModel which : {GraphModel::gat, GraphModel::gatv2, GraphModel::transformer,
                                 GraphModel::gcn, GraphModel::sage}) {
    CAPTURE(attune::train::to_string(which));
    GraphClassifierOptions options = options_for(which);
    options.dropout = 0;
    options.attention_dropout = 0;
    const GraphClassifier first(options, 1);
    const GraphClassifier second(options, 1);
    Trainer needed(first.parameters(), problem.task(first, ComputedNodes::needed), {.epochs = 5});
    Trainer all(second.parameters(), problem.task(second, ComputedNodes::all), {.epochs = 5});
    for (int epoch = 0; epoch < 5; ++epoch) {
      const EpochReport a = needed.run_epoch();
      const EpochReport b = all.run_epoch();
      // Adam divides by the root of a squared gradient: rounding grows with the steps.
      CHECK(a.train_loss == Approx(b.train_loss).epsilon(1e-4));
      CHECK(a.validation->loss == Approx(b.validation->loss).epsilon(1e-4));
      CHECK(a.validation->accuracy == Approx(b.validation->accuracy).margin(0.02));
    }
  }
}

TEST_CASE("node classification: an aligned step computes all nodes unless told otherwise",
          "[train][align]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy(3000);
  const NodeClassification problem(dataset);
  const auto num_queries = [&](bool all_nodes, double weight) {
    struct Counter final : attune::train::Regularizer, attune::nn::HeadSink {
      attune::nn::HeadSink* head_sink() noexcept override { return this; }
      bool needs_all_rows() const noexcept override { return alignment->needs_all_rows(); }
      void begin_step(std::uint64_t /*seed*/, std::uint32_t /*step*/) override {}
      attune::Variable loss() override { return {}; }
      double value() const noexcept override { return 0; }
      void receive(const attune::nn::AttentionHeads& heads) override {
        queries.push_back(heads.queries.shape()[0]);
      }
      const AlignmentRegularizer* alignment = nullptr;
      std::vector<std::int64_t> queries;
    };
    const AlignmentRegularizer alignment({.weight = weight, .all_nodes = all_nodes});
    Counter counter;
    counter.alignment = &alignment;
    const GraphClassifier model(options_for(GraphModel::gat), 1);
    Trainer trainer(model.parameters(), problem.task(model), {.epochs = 1}, {&counter});
    return counter.queries;
  };
  CHECK(num_queries(true, 0.01) == std::vector<std::int64_t>{3000, 3000});
  CHECK(num_queries(false, 0.01).back() == 60);
  CHECK(num_queries(false, 0.01).front() < 3000);
  CHECK(num_queries(true, 0).back() == 60);  // nothing is aligned
}

TEST_CASE("node classification: with edges dropped too, needed nodes train as all nodes do",
          "[train][fit][property]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy(3000);
  const NodeClassification problem(dataset);
  for (const GraphModel which : {GraphModel::gat, GraphModel::gcn}) {
    CAPTURE(attune::train::to_string(which));
    GraphClassifierOptions options = options_for(which);
    options.dropout = 0;
    options.attention_dropout = 0;
    const GraphClassifier first(options, 1);
    const GraphClassifier second(options, 1);
    const GraphClassifier third(options, 1);
    Trainer needed(first.parameters(), problem.task(first, ComputedNodes::needed, 0.4), {});
    Trainer all(second.parameters(), problem.task(second, ComputedNodes::all, 0.4), {});
    Trainer whole(third.parameters(), problem.task(third), {});
    for (int epoch = 0; epoch < 5; ++epoch) {
      const EpochReport a = needed.run_epoch();
      const EpochReport b = all.run_epoch();
      CHECK(a.train_loss == Approx(b.train_loss).epsilon(1e-4));
      CHECK(a.validation->loss == Approx(b.validation->loss).epsilon(1e-4));
      CHECK(a.train_loss != whole.run_epoch().train_loss);
    }
  }
}

TEST_CASE("node classification: what drops edges measures on all of them", "[train][fit]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy();
  const NodeClassification problem(dataset);
  const GraphClassifier model(options_for(GraphModel::gat), 1);
  Trainer trainer(model.parameters(), problem.task(model, ComputedNodes::needed, 0.5),
                  {.epochs = 20});
  const FitResult result = attune::train::fit(trainer);
  const auto again = attune::train::evaluate_predictions(problem.logits(model), dataset.labels,
                                                         dataset.split.test);
  CHECK(again.nll == result.test->nll);
}

TEST_CASE("node classification: with edges dropped the same weights on 1, 2 and 8 threads",
          "[train][fit][property]") {
  const attune::data::NodeDataset dataset = attune::testing::citation_toy(3000);
  const NodeClassification problem(dataset);
  const auto digest = [&](int threads) {
    FitResult result;
    attune::core::with_threads(threads, [&] {
      const GraphClassifier model(options_for(GraphModel::gcn), 1);
      Trainer trainer(model.parameters(), problem.task(model, ComputedNodes::all, 0.3),
                      {.epochs = 10});
      result = attune::train::fit(trainer);
    });
    return result.weights_sha256;
  };
  const std::string one = digest(1);
  CHECK(digest(2) == one);
  CHECK(digest(8) == one);
}

namespace {

// Of edge e a number in [0, 1), and its square.
attune::core::Tensor numbered_edges(const attune::graph::Graph& graph) {
  attune::core::Tensor features = attune::core::Tensor::empty({graph.num_edges(), 2});
  for (std::int64_t e = 0; e < graph.num_edges(); ++e) {
    const auto x = static_cast<float>(e % 17) / 17;
    features.mutable_data<float>()[2 * e] = x;
    features.mutable_data<float>()[2 * e + 1] = x * x;
  }
  return features;
}

}  // namespace

TEST_CASE("node classification: a self-loop has the mean of the edges into its node", "[train]") {
  attune::data::NodeDataset dataset = attune::testing::citation_toy();
  dataset.edge_features = numbered_edges(dataset.graph);
  attune::data::validate(dataset);
  const NodeClassification problem(dataset);
  const attune::graph::CsrView all = dataset.graph.in_edges();
  const attune::graph::CsrView rows = problem.graph().in_edges();
  const std::span<const float> listed = dataset.edge_features.data<float>();
  const std::span<const float> found = problem.edge_features().value().data<float>();
  for (std::int64_t i = 0; i < dataset.num_nodes(); ++i) {
    std::int64_t next = all.row_ptr[i];
    double mean = 0;
    for (std::int64_t e = all.row_ptr[i]; e < all.row_ptr[i + 1]; ++e) {
      mean += listed[2 * e] / static_cast<double>(dataset.graph.in_degree(i));
    }
    for (std::int64_t e = rows.row_ptr[i]; e < rows.row_ptr[i + 1]; ++e) {
      if (rows.col_idx[e] == i) {
        REQUIRE(found[2 * e] == Approx(mean).margin(1e-6));
      } else {
        REQUIRE(found[2 * e] == listed[2 * next]);
        REQUIRE(found[2 * e + 1] == listed[2 * next + 1]);
        ++next;
      }
    }
  }
}

TEST_CASE("node classification: needed nodes train as all nodes do with features of edges",
          "[train][fit][property]") {
  attune::data::NodeDataset dataset = attune::testing::citation_toy(3000);
  dataset.edge_features = numbered_edges(dataset.graph);
  const NodeClassification problem(dataset);
  GraphClassifierOptions options =
      options_for(GENERATE(GraphModel::gat, GraphModel::gatv2, GraphModel::transformer));
  options.dropout = 0;
  options.attention_dropout = 0;
  options.edge_channels = 2;
  for (const double drop_edge : {0.0, 0.4}) {
    CAPTURE(drop_edge);
    const GraphClassifier first(options, 1);
    const GraphClassifier second(options, 1);
    Trainer needed(first.parameters(), problem.task(first, ComputedNodes::needed, drop_edge), {});
    Trainer all(second.parameters(), problem.task(second, ComputedNodes::all, drop_edge), {});
    for (int epoch = 0; epoch < 5; ++epoch) {
      const EpochReport a = needed.run_epoch();
      const EpochReport b = all.run_epoch();
      CHECK(a.train_loss == Approx(b.train_loss).epsilon(1e-4));
      CHECK(a.validation->loss == Approx(b.validation->loss).epsilon(1e-4));
    }
  }
}

TEST_CASE("node classification: a model that sees no features of edges does not need them",
          "[train]") {
  attune::data::NodeDataset dataset = attune::testing::citation_toy();
  const GraphClassifier model(options_for(GraphModel::gat), 1);
  const attune::core::Tensor without = NodeClassification(dataset).logits(model);
  dataset.edge_features = numbered_edges(dataset.graph);
  CHECK(attune::testing::same_bits(NodeClassification(dataset).logits(model), without));
}

TEST_CASE(
    "node classification: sampled neighbours and features of edges have the same bits on any "
    "threads",
    "[train][fit][property]") {
  attune::data::NodeDataset dataset = attune::testing::citation_toy(3000);
  dataset.edge_features = numbered_edges(dataset.graph);
  const NodeClassification problem(dataset);
  GraphClassifierOptions options = options_for(GraphModel::gatv2);
  options.edge_channels = 2;
  const auto digest = [&](int threads) {
    FitResult result;
    attune::core::with_threads(threads, [&] {
      const GraphClassifier model(options, 1);
      Trainer trainer(model.parameters(),
                      problem.task(model, {.batch_size = 50, .fan_outs = {5, 3}}), {.epochs = 4});
      result = attune::train::fit(trainer);
    });
    return result.weights_sha256;
  };
  CHECK(digest(8) == digest(1));
}

TEST_CASE(
    "node classification: a batch of all nodes with all neighbours sees all features of edges",
    "[train][fit]") {
  attune::data::NodeDataset dataset = attune::testing::citation_toy();
  dataset.edge_features = numbered_edges(dataset.graph);
  const NodeClassification problem(dataset);
  GraphClassifierOptions options = options_for(GraphModel::transformer);
  options.dropout = 0;
  options.attention_dropout = 0;
  options.edge_channels = 2;
  const GraphClassifier first(options, 1);
  const GraphClassifier second(options, 1);
  Trainer batched(first.parameters(),
                  problem.task(first, {.batch_size = 1 << 20, .fan_outs = {-1, -1}}), {});
  Trainer whole(second.parameters(), problem.task(second, ComputedNodes::all), {});
  for (int epoch = 0; epoch < 3; ++epoch) {
    CHECK(batched.run_epoch().train_loss == Approx(whole.run_epoch().train_loss).epsilon(1e-4));
  }
}
