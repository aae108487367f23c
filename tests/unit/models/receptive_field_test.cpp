#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "support/awkward_graphs.hpp"
#include "support/parameters.hpp"
#include "support/random_graph.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/builder.hpp>
#include <attune/graph/receptive_field.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/ops/cross_entropy.hpp>

// A network of few nodes' fields says of them what the network of the whole graph says.

using namespace attune;
using core::Tensor;
using models::GraphClassifier;
using models::GraphClassifierOptions;
using models::GraphModel;

namespace {

constexpr std::int64_t kChannels = 12;

// In float32, sums of some dozen numbers in another order. Relative to the largest of a tensor.
constexpr double kTolerance = 1e-5;

sparse::CsrMatrix words(std::int64_t rows) {
  const core::RandomStream random(3, core::Purpose::sampling);
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int32_t c = 0; c < kChannels; ++c) {
      if (random.uniform(static_cast<std::uint64_t>(i * kChannels + c)) < 0.3) {
        col_idx.push_back(c);
      }
    }
    row_ptr.push_back(std::ssize(col_idx));
  }
  const std::int64_t count = std::ssize(col_idx);
  return {kChannels, std::move(row_ptr), std::move(col_idx),
          testing::random_tensor({count}, 5, core::DType::f32)};
}

struct Outcome {
  Tensor logits;  // of the targets
  double loss;
  std::vector<Tensor> grads;
};

Outcome outcome(const GraphClassifier& model, const Variable& logits,
                const std::vector<std::int32_t>& labels, const std::vector<std::int64_t>& rows) {
  testing::zero_grad(model);
  const Variable loss = ops::cross_entropy(logits, labels, rows);
  autograd::backward(loss);
  Outcome result{logits.value(), loss.value().item(), {}};
  for (const nn::NamedParameter& named : model.parameters()) {
    REQUIRE(named.variable.grad().defined());
    result.grads.push_back(named.variable.grad().clone());
  }
  return result;
}

double largest(const Tensor& x) {
  double most = 0;
  for (const double value : testing::values(x)) {
    most = std::max(most, std::abs(value));
  }
  return most;
}

std::vector<std::int64_t> up_to(std::int64_t count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return numbers;
}

void require_agreement(GraphClassifier& model, const nn::Features& x, const graph::Graph& graph,
                       const std::vector<std::int64_t>& targets) {
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < graph.num_nodes(); ++i) {
    labels.push_back(static_cast<std::int32_t>(i * 7 % 3));
  }
  nn::ForwardContext whole;
  const Outcome all = outcome(model, model.forward(x, graph, whole), labels, targets);
  const graph::ReceptiveField field =
      graph::receptive_field(graph, targets, model.options().layers);
  std::vector<std::int32_t> own_labels;
  for (const std::int64_t node : field.targets()) {
    own_labels.push_back(labels[node]);
  }
  nn::ForwardContext part;
  const Outcome few =
      outcome(model, model.forward(nn::select_rows(x, field.nodes), field.blocks, part), own_labels,
              up_to(std::ssize(own_labels)));
  REQUIRE(few.logits.shape() == core::Shape{std::ssize(targets), 3});
  const std::vector<double> expected = testing::values(all.logits);
  const std::vector<double> found = testing::values(few.logits);
  for (std::size_t i = 0; i < own_labels.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(std::abs(found[i * 3 + c] - expected[field.nodes[i] * 3 + c]) <=
            kTolerance * largest(all.logits));
    }
  }
  CHECK(std::abs(few.loss - all.loss) <= kTolerance * all.loss);
  double steepest = 0;  // a derivative that is zero but for rounding has no scale of its own
  for (const Tensor& grad : all.grads) {
    steepest = std::max(steepest, largest(grad));
  }
  const std::vector<nn::NamedParameter> parameters = model.parameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    CAPTURE(parameters[p].name);
    CHECK(testing::max_difference(few.grads[p], all.grads[p]) <=
          kTolerance * std::max(largest(all.grads[p]), 0.1 * steepest));
  }
}

GraphClassifierOptions options_of(GraphModel model, std::int64_t layers, bool residual) {
  return {.model = model,
          .in_channels = kChannels,
          .num_classes = 3,
          .hidden_channels = 3,
          .heads = 4,
          .out_heads = 2,
          .layers = layers,
          .dropout = 0,
          .attention_dropout = 0,
          .residual = residual};
}

}  // namespace

TEST_CASE("GraphClassifier: a receptive field yields logits, loss and gradients of the whole graph",
          "[models][property]") {
  const auto which =
      GENERATE(GraphModel::gat, GraphModel::gatv2, GraphModel::transformer, GraphModel::gcn);
  const std::int64_t layers = GENERATE(1, 2, 3);
  const bool residual = GENERATE(false, true);
  CAPTURE(static_cast<int>(which), layers, residual);
  GraphClassifier model(options_of(which, layers, residual), 1);
  testing::randomize(model, 4, 0.4);
  const graph::Graph random = testing::random_graph(400, 700);
  const sparse::CsrMatrix features = words(400);
  require_agreement(model, features, random, {5, 399, 17, 200, 80, 81, 3});
  require_agreement(model, Variable(sparse::to_dense(features)), random, {17, 5});
  require_agreement(model, features, random, {0});
  require_agreement(model, features, random, up_to(400));
  for (const testing::AwkwardGraph& awkward : testing::awkward_graphs()) {
    const graph::Graph graph = graph::with_self_loops(awkward.graph);
    if (graph.num_nodes() == 0) {
      continue;
    }
    CAPTURE(awkward.name);
    const sparse::CsrMatrix own = words(graph.num_nodes());
    require_agreement(model, own, graph, {0});
    require_agreement(model, own, graph, {graph.num_nodes() - 1});
    require_agreement(model, own, graph, up_to(graph.num_nodes()));
  }
}

TEST_CASE("GraphClassifier: a receptive field gives the same bits on any number of threads",
          "[models][property]") {
  const auto which =
      GENERATE(GraphModel::gat, GraphModel::gatv2, GraphModel::transformer, GraphModel::gcn);
  CAPTURE(static_cast<int>(which));
  const graph::Graph graph = testing::random_graph(6000, 12000);
  const graph::ReceptiveField field = graph::receptive_field(graph, up_to(900), 2);
  const nn::Features x = nn::select_rows(words(6000), field.nodes);
  const std::vector<std::int64_t> rows = up_to(900);
  const std::vector<std::int32_t> labels(900, 1);
  GraphClassifierOptions options = options_of(which, 2, true);
  options.dropout = 0.5;
  options.attention_dropout = 0.5;
  testing::require_same_bits_on_any_threads([&] {
    const GraphClassifier model(options, 1);
    nn::ForwardContext ctx(core::RandomStream(1, core::Purpose::dropout));
    Outcome result = outcome(model, model.forward(x, field.blocks, ctx), labels, rows);
    result.grads.push_back(result.logits);
    return result.grads;
  });
}

TEST_CASE("GraphClassifier: wants one block a layer", "[models]") {
  const GraphClassifier model(options_of(GraphModel::gat, 2, false), 1);
  const graph::Graph graph = testing::random_graph(10, 10);
  const graph::ReceptiveField field = graph::receptive_field(graph, up_to(2), 1);
  nn::ForwardContext ctx;
  CHECK(testing::message_of<ShapeError>([&] {
          (void)model.forward(nn::select_rows(words(10), field.nodes), field.blocks, ctx);
        }) == "GraphClassifier::forward: expected 2 blocks, one a layer, got 1");
}
