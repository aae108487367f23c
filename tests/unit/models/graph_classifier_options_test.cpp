#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/parameters.hpp"
#include "support/random_graph.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/receptive_field.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/ops/cross_entropy.hpp>

using namespace attune;
using core::Tensor;
using models::GraphClassifier;
using models::GraphClassifierOptions;
using models::GraphModel;
using models::GraphNorm;
using models::Jumping;
using nn::ForwardContext;

namespace {

const std::vector<GraphNorm> kNorms = {GraphNorm::none, GraphNorm::layer, GraphNorm::batch};
const std::vector<Jumping> kJumpings = {Jumping::none, Jumping::last, Jumping::cat, Jumping::max};

ForwardContext training(std::uint32_t step) {
  return ForwardContext(core::RandomStream(1, core::Purpose::dropout).at_step(step));
}

std::vector<std::string> describe(const std::vector<nn::NamedParameter>& all) {
  std::vector<std::string> lines;
  for (const nn::NamedParameter& named : all) {
    lines.push_back(named.name + " " + named.variable.shape().to_string());
  }
  return lines;
}

}  // namespace

TEST_CASE("GraphClassifier: norms are of the hidden layers", "[models]") {
  const GraphClassifier model({.model = GraphModel::gcn,
                               .in_channels = 5,
                               .num_classes = 3,
                               .hidden_channels = 4,
                               .layers = 3,
                               .norm = GraphNorm::batch},
                              0);
  CHECK(describe(model.parameters()) ==
        std::vector<std::string>{"layers.0.weight [5, 4]", "layers.0.bias [4]", "norms.0.gamma [4]",
                                 "norms.0.beta [4]", "layers.1.weight [4, 4]", "layers.1.bias [4]",
                                 "norms.1.gamma [4]", "norms.1.beta [4]", "layers.2.weight [4, 3]",
                                 "layers.2.bias [3]"});
  CHECK(describe(model.buffers()) ==
        std::vector<std::string>{"norms.0.running_mean [4]", "norms.0.running_variance [4]",
                                 "norms.1.running_mean [4]", "norms.1.running_variance [4]"});
}

TEST_CASE("GraphClassifier: with jumping knowledge all layers are hidden ones", "[models]") {
  const auto parameters = [](Jumping jumping) {
    const GraphClassifier model({.in_channels = 5,
                                 .num_classes = 3,
                                 .hidden_channels = 4,
                                 .heads = 2,
                                 .norm = GraphNorm::layer,
                                 .jumping = jumping},
                                0);
    CHECK(model.buffers().empty());
    return describe(model.parameters());
  };
  std::vector<std::string> expected{"layers.0.weight [5, 8]",  "layers.0.att_src [2, 4]",
                                    "layers.0.att_dst [2, 4]", "layers.0.bias [8]",
                                    "norms.0.gamma [8]",       "norms.0.beta [8]",
                                    "layers.1.weight [8, 8]",  "layers.1.att_src [2, 4]",
                                    "layers.1.att_dst [2, 4]", "layers.1.bias [8]",
                                    "norms.1.gamma [8]",       "norms.1.beta [8]",
                                    "head.weight [8, 3]",      "head.bias [3]"};
  CHECK(parameters(Jumping::last) == expected);
  CHECK(parameters(Jumping::max) == expected);
  expected[12] = "head.weight [16, 3]";
  CHECK(parameters(Jumping::cat) == expected);
}

TEST_CASE("GraphClassifier: what draws the first values of layers is not disturbed", "[models]") {
  GraphClassifierOptions options{.in_channels = 5, .num_classes = 3};
  const GraphClassifier plain(options, 7);
  options.norm = GraphNorm::batch;
  const GraphClassifier normed(options, 7);
  for (const nn::NamedParameter& named : plain.parameters()) {
    CHECK(
        testing::same_bits(named.variable.value(), testing::parameter(normed, named.name).value()));
  }
}

TEST_CASE("GraphClassifier: derivatives with norms and jumping agree with central differences",
          "[models][gradient]") {
  GraphClassifierOptions options{.in_channels = 4,
                                 .num_classes = 3,
                                 .hidden_channels = 2,
                                 .heads = 2,
                                 .layers = 3,
                                 .dropout = 0.3,
                                 .attention_dropout = 0.3};
  options.model = GENERATE(GraphModel::gat, GraphModel::sage);
  options.norm = GENERATE(from_range(kNorms));
  options.jumping = GENERATE(from_range(kJumpings));
  CAPTURE(static_cast<int>(options.model), static_cast<int>(options.norm),
          static_cast<int>(options.jumping));
  GraphClassifier model(options, 0);
  model.to(core::DType::f64);
  testing::randomize(model, 4);
  const Variable x = testing::random_leaf({6, 4}, 8);
  const std::vector<std::int32_t> labels = {0, 1, 2, 0, 1, 2};
  const std::vector<std::int64_t> nodes = {0, 1, 2, 5};
  const graph::Graph graph = testing::random_graph(6, 9);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(model);
  inputs.push_back({"x", x});
  testing::require_gradients(
      [&] {
        ForwardContext ctx = training(1);
        return ops::cross_entropy(model.forward(x, graph, ctx), labels, nodes);
      },
      inputs);
}

TEST_CASE("GraphClassifier: blocks yield what the whole graph yields with norms and jumping",
          "[models][property]") {
  const graph::Graph graph = testing::random_graph(300, 900);
  const std::vector<std::int64_t> targets{150, 3, 77};
  const graph::ReceptiveField field = graph::receptive_field(graph, targets, 3);
  GraphClassifierOptions options{
      .in_channels = 4, .num_classes = 3, .hidden_channels = 2, .heads = 2, .layers = 3};
  options.model = GENERATE(GraphModel::gat, GraphModel::sage);
  options.norm = GENERATE(from_range(kNorms));
  options.jumping = GENERATE(from_range(kJumpings));
  GraphClassifier model(options, 0);
  testing::randomize(model, 4);
  const Variable x(testing::random_tensor({300, 4}, 1, core::DType::f32));
  ForwardContext ctx;
  const std::vector<double> all = testing::values(model.forward(x, graph, ctx).value());
  const std::vector<double> some =
      testing::values(model.forward(nn::select_rows(x, field.nodes), field.blocks, ctx).value());
  REQUIRE(some.size() == 9);
  for (std::size_t i = 0; i < 9; ++i) {
    const auto node = static_cast<std::size_t>(field.targets()[i / 3]);
    CHECK(some[i] == Approx(all[node * 3 + i % 3]).margin(1e-5));
  }
}

TEST_CASE("GraphClassifier: with norms and jumping the same bits on 1, 2 and 8 threads",
          "[models][property]") {
  const graph::Graph graph = testing::random_graph(2000, 9000);
  const Variable x = testing::random_leaf({2000, 30}, 1, core::DType::f32);
  const std::vector<std::int32_t> labels(2000, 3);
  const std::vector<std::int64_t> nodes = {0, 1, 5, 1999};
  const Jumping jumping = GENERATE(from_range(kJumpings));
  testing::require_same_bits_on_any_threads([&] {
    const GraphClassifier model({.model = GraphModel::sage,
                                 .in_channels = 30,
                                 .num_classes = 7,
                                 .layers = 3,
                                 .norm = GraphNorm::batch,
                                 .jumping = jumping},
                                0);
    ForwardContext ctx = training(7);
    const Variable logits = model.forward(x, graph, ctx);
    backward(ops::cross_entropy(logits, labels, nodes));
    std::vector<Tensor> tensors = {logits.value()};
    for (const nn::NamedParameter& named : model.parameters()) {
      tensors.push_back(named.variable.grad());
    }
    for (const nn::NamedParameter& named : model.buffers()) {
      tensors.push_back(named.variable.value());
    }
    return tensors;
  });
}

TEST_CASE("GraphClassifier: every attention layer sees the features of edges",
          "[models][gradient]") {
  GraphClassifierOptions options{
      .in_channels = 4, .num_classes = 3, .hidden_channels = 2, .heads = 2, .edge_channels = 3};
  options.model = GENERATE(GraphModel::gat, GraphModel::gatv2, GraphModel::transformer);
  options.jumping = GENERATE(Jumping::none, Jumping::cat);
  GraphClassifier model(options, 0);
  model.to(core::DType::f64);
  testing::randomize(model, 4);
  const graph::Graph graph = testing::random_graph(6, 9);
  const Variable x = testing::random_leaf({6, 4}, 8);
  const Variable edges = testing::random_leaf({graph.num_edges(), 3}, 9);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(model);
  inputs.push_back({"x", x});
  inputs.push_back({"edge_features", edges});
  testing::require_gradients(
      [&] {
        ForwardContext ctx = training(1);
        return testing::weighted_sum(model.forward(x, graph, edges, ctx));
      },
      inputs);
}

TEST_CASE("GraphClassifier: refuses features of edges that nobody sees or that are not there",
          "[models]") {
  using testing::message_of;
  CHECK(
      message_of<InvalidArgument>([] {
        const GraphClassifier model(
            {.model = GraphModel::gcn, .in_channels = 4, .num_classes = 3, .edge_channels = 2}, 0);
      }) ==
      "GraphClassifier: edge_channels must be 0 for gcn and sage, whose layers look at no features "
      "of edges");
  CHECK(message_of<InvalidArgument>([] {
          const GraphClassifier model({.in_channels = 4, .num_classes = 3, .edge_channels = -2}, 0);
        }) == "GraphClassifier: edge_channels must be 1 to 2147483647, got -2");
  const GraphClassifier model({.in_channels = 4, .num_classes = 3, .edge_channels = 2}, 0);
  const graph::Graph graph = testing::random_graph(6, 9);
  const Variable x(Tensor::zeros({6, 4}));
  ForwardContext ctx;
  CHECK_THAT(message_of<ShapeError>([&] { (void)model.forward(x, graph, ctx); }),
             Catch::Contains("edge_features must be [") && Catch::Contains("got none"));
  const graph::ReceptiveField field =
      graph::receptive_field(graph, std::vector<std::int64_t>{0}, 2);
  const std::vector<Variable> one{Variable(Tensor::zeros({1, 2}))};
  CHECK(message_of<ShapeError>([&] {
          (void)model.forward(nn::select_rows(x, field.nodes), field.blocks, one, ctx);
        }) ==
        "GraphClassifier::forward: expected features of the edges of 2 blocks or none, got of 1");
}
