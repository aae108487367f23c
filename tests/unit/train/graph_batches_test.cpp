#include <algorithm>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/data/graph_generator.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/fit.hpp>
#include <attune/train/multi_label_metrics.hpp>
#include <attune/train/node_classification.hpp>

using attune::data::NodeDataset;
using attune::models::GraphClassifier;
using attune::train::AlignmentRegularizer;
using attune::train::ComputedNodes;
using attune::train::EpochReport;
using attune::train::FitResult;
using attune::train::NodeBatchOptions;
using attune::train::NodeClassification;
using attune::train::RowsPass;
using attune::train::Trainer;
using Catch::Matchers::Contains;

namespace {

const NodeBatchOptions kTwoGraphs{.batch_size = 2};

NodeDataset graphs() {
  return attune::data::generate_multi_label_graphs({.num_graphs = 9,
                                                    .num_validation = 2,
                                                    .num_test = 2,
                                                    .nodes_per_graph = 60,
                                                    .num_labels = 6,
                                                    .labels_per_node = 2,
                                                    .num_features = 12,
                                                    .average_degree = 8,
                                                    .noise = 1});
}

GraphClassifier classifier(double dropout = 0) {
  return GraphClassifier({.in_channels = 12,
                          .num_classes = 6,
                          .dropout = dropout,
                          .attention_dropout = dropout,
                          .residual = true},
                         1);
}

// What predicting every label of every node scores.
double f1_of_all(const NodeDataset& dataset) {
  const attune::core::Tensor all = attune::core::Tensor::full(dataset.targets.shape(), 1);
  return attune::train::evaluate_multi_label(all, dataset.targets, dataset.split.test).micro_f1;
}

}  // namespace

TEST_CASE("graph batches: an epoch sees every training graph once and whole", "[train]") {
  const NodeDataset dataset = graphs();
  const NodeClassification problem(dataset);
  const GraphClassifier model = classifier();
  const auto batches = problem.task(model, kTwoGraphs).batches.value();
  REQUIRE(batches.count == 3);  // of five graphs
  std::vector<float> seen;
  std::vector<std::size_t> sizes;
  for (std::int64_t batch = 0; batch < 3; ++batch) {
    const RowsPass pass = batches.pass(1, 1, batch);
    const auto targets = pass.targets.data<float>();
    seen.insert(seen.end(), targets.begin(), targets.end());
    sizes.push_back(pass.rows.size());
    attune::nn::ForwardContext context;
    CHECK(pass.logits(context).value().size(0) == std::ssize(pass.rows));
  }
  CHECK(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}) == dataset.split.train.size());
  const auto all = dataset.targets.data<float>();
  const auto training = all.first(dataset.split.train.size() * 6);
  CHECK(std::accumulate(seen.begin(), seen.end(), 0.0) ==
        std::accumulate(training.begin(), training.end(), 0.0));
}

TEST_CASE("graph batches: logits are those of a pass over all graphs", "[train][property]") {
  const NodeDataset dataset = graphs();
  const NodeClassification problem(dataset);
  const GraphClassifier model = classifier();
  const attune::autograd::NoGradScope no_grad;
  const auto whole = problem.logits(model);
  // One batch of all five training graphs, in an order of its own: sums of columns agree.
  const RowsPass pass = problem.task(model, {.batch_size = 5}).batches->pass(1, 1, 0);
  attune::nn::ForwardContext context;
  const auto batch = pass.logits(context).value();
  REQUIRE(batch.size(0) == std::ssize(dataset.split.train));
  std::vector<float> a(batch.data<float>().begin(), batch.data<float>().end());
  const auto of_training = whole.data<float>().first(a.size());
  std::vector<float> b(of_training.begin(), of_training.end());
  std::ranges::sort(a);
  std::ranges::sort(b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    REQUIRE(a[i] == Approx(b[i]).margin(1e-5));
  }
}

TEST_CASE("graph batches: what is learned on some graphs serves on others", "[train][fit]") {
  const NodeDataset dataset = graphs();
  const NodeClassification problem(dataset);
  const double guess = f1_of_all(dataset);
  const auto test_f1 = [&](const NodeBatchOptions* batches) {
    const GraphClassifier model = classifier();
    Trainer trainer(model.parameters(),
                    batches == nullptr ? problem.task(model) : problem.task(model, *batches),
                    {.epochs = 60, .learning_rate = 0.01, .seed = 1});
    const FitResult result = attune::train::fit(trainer);
    const auto again = problem.measure(problem.logits(model), dataset.split.test);
    CHECK(again.micro_f1 == result.test->micro_f1);
    return result.test->micro_f1;
  };
  CHECK(test_f1(nullptr) > guess + 0.1);
  CHECK(test_f1(&kTwoGraphs) > guess + 0.1);
  const NodeBatchOptions sampled{.batch_size = 64, .fan_outs = {5, 5}};
  CHECK(test_f1(&sampled) > guess + 0.1);
}

TEST_CASE("graph batches: needed nodes train as all nodes do", "[train][fit][property]") {
  const NodeDataset dataset = graphs();
  const NodeClassification problem(dataset);
  const GraphClassifier first = classifier();
  const GraphClassifier second = classifier();
  const GraphClassifier third = classifier();
  Trainer needed(first.parameters(), problem.task(first, ComputedNodes::needed), {.epochs = 5});
  Trainer all(second.parameters(), problem.task(second, ComputedNodes::all), {.epochs = 5});
  Trainer batch(third.parameters(), problem.task(third, {.batch_size = 100}), {.epochs = 5});
  for (int epoch = 0; epoch < 5; ++epoch) {
    const EpochReport a = needed.run_epoch();
    const EpochReport b = all.run_epoch();
    const EpochReport c = batch.run_epoch();
    CHECK(a.train_loss == Approx(b.train_loss).epsilon(1e-4));
    CHECK(c.train_loss == Approx(b.train_loss).epsilon(1e-4));
    CHECK(a.validation->loss == Approx(b.validation->loss).epsilon(1e-4));
  }
}

TEST_CASE("graph batches: the same weights on 1, 2 and 8 threads and after a resumption",
          "[train][fit][property][threads]") {
  const NodeDataset dataset = graphs();
  const NodeClassification problem(dataset);
  const auto alignment = [] {
    return AlignmentRegularizer(
        {.distance = {.kind = attune::align::Kind::mmd, .samples = 16}, .all_nodes = false});
  };
  const auto digest = [&](int threads, std::int64_t stop_after) {
    FitResult result;
    attune::core::with_threads(threads, [&] {
      AlignmentRegularizer aligned = alignment();
      const GraphClassifier model = classifier(0.3);
      Trainer trainer(model.parameters(), problem.task(model, kTwoGraphs), {.epochs = 6},
                      {&aligned});
      if (stop_after > 0) {
        AlignmentRegularizer earlier_aligned = alignment();
        const GraphClassifier earlier_model = classifier(0.3);
        Trainer earlier(earlier_model.parameters(), problem.task(earlier_model, kTwoGraphs),
                        {.epochs = 6}, {&earlier_aligned});
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
  CHECK(digest(2, 4) == one);
}

TEST_CASE("graph batches: refuse a batch of no graph", "[train]") {
  const NodeDataset dataset = graphs();
  const NodeClassification problem(dataset);
  const GraphClassifier model = classifier();
  CHECK_THROWS_WITH(problem.task(model, {.batch_size = 0}),
                    Contains("batch_size must be at least 1, got 0"));
}
