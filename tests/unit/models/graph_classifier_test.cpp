#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/awkward_graphs.hpp"
#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/pool.hpp>
#include <attune/graph/builder.hpp>
#include <attune/models/graph_classifier.hpp>
#include <attune/ops/activations.hpp>
#include <attune/ops/cross_entropy.hpp>

using namespace attune;
using core::RandomStream;
using core::Tensor;
using models::GraphClassifier;
using models::GraphClassifierOptions;
using models::GraphModel;
using nn::ForwardContext;
using testing::message_of;
using testing::parameter;
using testing::values;

namespace {

const std::vector<GraphModel> kModels = {
    GraphModel::gat, GraphModel::gatv2, GraphModel::transformer, GraphModel::gcn, GraphModel::sage};

graph::Graph ring(std::int64_t nodes) {
  std::vector<graph::Edge> edges;
  for (std::int64_t i = 0; i < nodes; ++i) {
    edges.push_back({i, (i + 1) % nodes});
    edges.push_back({(i + 1) % nodes, i});
  }
  return graph::with_self_loops(graph::from_edges(nodes, edges));
}

ForwardContext training(std::uint32_t step) {
  return ForwardContext(RandomStream(1, core::Purpose::dropout).at_step(step));
}

std::vector<std::string> describe(const GraphClassifier& model) {
  std::vector<std::string> lines;
  for (const nn::NamedParameter& named : model.parameters()) {
    lines.push_back(named.name + " " + named.variable.shape().to_string());
  }
  return lines;
}

std::string refusal(const GraphClassifierOptions& options) {
  return message_of<InvalidArgument>([&] { const GraphClassifier model(options, 0); });
}

// A step of training by hand; the loss before it.
double descend(GraphClassifier& model, const nn::Features& x, const graph::Graph& graph,
               const std::vector<std::int32_t>& labels, const std::vector<std::int64_t>& nodes,
               std::uint32_t step) {
  ForwardContext ctx = training(step);
  testing::zero_grad(model);
  const Variable loss = ops::cross_entropy(model.forward(x, graph, ctx), labels, nodes);
  backward(loss);
  for (nn::NamedParameter& named : model.parameters()) {
    const Tensor grad = named.variable.grad();
    const std::span<const float> slope = grad.data<float>();
    const std::span<float> value = named.variable.mutable_value().mutable_data<float>();
    for (std::size_t i = 0; i < value.size(); ++i) {
      value[i] -= 0.1F * slope[i];
    }
  }
  return loss.value().item();
}

}  // namespace

TEST_CASE("GraphClassifier: the citation network of the GAT paper by default", "[models]") {
  const GraphClassifier model({.in_channels = 1433, .num_classes = 7}, 0);
  CHECK(describe(model) == std::vector<std::string>{
                               "layers.0.weight [1433, 64]",
                               "layers.0.att_src [8, 8]",
                               "layers.0.att_dst [8, 8]",
                               "layers.0.bias [64]",
                               "layers.1.weight [64, 7]",
                               "layers.1.att_src [1, 7]",
                               "layers.1.att_dst [1, 7]",
                               "layers.1.bias [7]",
                           });
  CHECK(model.num_parameters() == 92373);
}

TEST_CASE("GraphClassifier: heads of the last layer are averaged, of the others concatenated",
          "[models]") {
  const GraphClassifier model({.in_channels = 5,
                               .num_classes = 3,
                               .hidden_channels = 4,
                               .heads = 2,
                               .out_heads = 6,
                               .layers = 3,
                               .residual = true},
                              0);
  CHECK(describe(model) == std::vector<std::string>{
                               "layers.0.weight [5, 8]",
                               "layers.0.att_src [2, 4]",
                               "layers.0.att_dst [2, 4]",
                               "layers.0.bias [8]",
                               "layers.0.residual_weight [5, 8]",
                               "layers.1.weight [8, 8]",
                               "layers.1.att_src [2, 4]",
                               "layers.1.att_dst [2, 4]",
                               "layers.1.bias [8]",
                               "layers.2.weight [8, 18]",
                               "layers.2.att_src [6, 3]",
                               "layers.2.att_dst [6, 3]",
                               "layers.2.bias [3]",
                               "layers.2.residual_weight [8, 3]",
                           });
}

TEST_CASE("GraphClassifier: gatv2", "[models]") {
  const GraphClassifier model(
      {.model = GraphModel::gatv2, .in_channels = 1433, .num_classes = 7, .residual = true}, 0);
  CHECK(describe(model) == std::vector<std::string>{
                               "layers.0.src_weight [1433, 64]",
                               "layers.0.dst_weight [1433, 64]",
                               "layers.0.att [8, 8]",
                               "layers.0.src_bias [64]",
                               "layers.0.dst_bias [64]",
                               "layers.0.bias [64]",
                               "layers.0.residual_weight [1433, 64]",
                               "layers.1.src_weight [64, 7]",
                               "layers.1.dst_weight [64, 7]",
                               "layers.1.att [1, 7]",
                               "layers.1.src_bias [7]",
                               "layers.1.dst_bias [7]",
                               "layers.1.bias [7]",
                               "layers.1.residual_weight [64, 7]",
                           });
}

TEST_CASE("GraphClassifier: transformer", "[models]") {
  const bool residual = GENERATE(false, true);  // means nothing to it
  const GraphClassifier model({.model = GraphModel::transformer,
                               .in_channels = 5,
                               .num_classes = 3,
                               .hidden_channels = 4,
                               .heads = 2,
                               .out_heads = 6,
                               .residual = residual},
                              0);
  CHECK(describe(model) == std::vector<std::string>{
                               "layers.0.query_weight [5, 8]",
                               "layers.0.query_bias [8]",
                               "layers.0.key_weight [5, 8]",
                               "layers.0.key_bias [8]",
                               "layers.0.value_weight [5, 8]",
                               "layers.0.value_bias [8]",
                               "layers.0.skip_weight [5, 8]",
                               "layers.0.skip_bias [8]",
                               "layers.1.query_weight [8, 18]",
                               "layers.1.query_bias [18]",
                               "layers.1.key_weight [8, 18]",
                               "layers.1.key_bias [18]",
                               "layers.1.value_weight [8, 18]",
                               "layers.1.value_bias [18]",
                               "layers.1.skip_weight [8, 3]",
                               "layers.1.skip_bias [3]",
                           });
}

TEST_CASE("GraphClassifier: transformer without skip projections", "[models]") {
  const GraphClassifier model({.model = GraphModel::transformer,
                               .in_channels = 5,
                               .num_classes = 3,
                               .hidden_channels = 4,
                               .heads = 2,
                               .layers = 1,
                               .root_weight = false},
                              0);
  CHECK(describe(model) == std::vector<std::string>{
                               "layers.0.query_weight [5, 3]",
                               "layers.0.query_bias [3]",
                               "layers.0.key_weight [5, 3]",
                               "layers.0.key_bias [3]",
                               "layers.0.value_weight [5, 3]",
                               "layers.0.value_bias [3]",
                           });
}

TEST_CASE("GraphClassifier: gcn", "[models]") {
  const GraphClassifier model({.model = GraphModel::gcn,
                               .in_channels = 1433,
                               .num_classes = 7,
                               .hidden_channels = 16,
                               .dropout = 0.5},
                              0);
  CHECK(describe(model) == std::vector<std::string>{"layers.0.weight [1433, 16]",
                                                    "layers.0.bias [16]", "layers.1.weight [16, 7]",
                                                    "layers.1.bias [7]"});
}

TEST_CASE("GraphClassifier: sage", "[models]") {
  const GraphClassifier model(
      {.model = GraphModel::sage, .in_channels = 1433, .num_classes = 7, .hidden_channels = 16}, 0);
  CHECK(describe(model) ==
        std::vector<std::string>{"layers.0.root_weight [1433, 16]",
                                 "layers.0.neighbour_weight [1433, 16]", "layers.0.bias [16]",
                                 "layers.1.root_weight [16, 7]",
                                 "layers.1.neighbour_weight [16, 7]", "layers.1.bias [7]"});
}

TEST_CASE("GraphClassifier: a function of options and seed", "[models]") {
  const GraphClassifierOptions options{.in_channels = 6, .num_classes = 3};
  const GraphClassifier one(options, 5);
  const GraphClassifier again(options, 5);
  const GraphClassifier other(options, 6);
  for (const nn::NamedParameter& named : one.parameters()) {
    CAPTURE(named.name);
    CHECK(testing::same_bits(named.variable.value(), parameter(again, named.name).value()));
    if (named.name.find("bias") == std::string::npos) {
      CHECK_FALSE(testing::same_bits(named.variable.value(), parameter(other, named.name).value()));
    }
  }
}

TEST_CASE("GraphClassifier: derivatives agree with central differences", "[models][gradient]") {
  GraphClassifierOptions options{.in_channels = 4,
                                 .num_classes = 3,
                                 .hidden_channels = 2,
                                 .heads = 2,
                                 .out_heads = 2,
                                 .dropout = 0.3,
                                 .attention_dropout = 0.3};
  options.model = GENERATE(from_range(kModels));
  options.layers = GENERATE(1, 2, 3);
  options.residual = GENERATE(false, true);
  GraphClassifier model(options, 0);
  model.to(core::DType::f64);
  testing::randomize(model, 4);
  const Variable x = testing::random_leaf({6, 4}, 8);
  const std::vector<std::int32_t> labels = {0, 1, 2, 0, 1, 2};
  const std::vector<std::int64_t> nodes = {0, 1, 2, 5};
  const graph::Graph graph = ring(6);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(model);
  inputs.push_back({"x", x});
  testing::require_gradients(
      [&] {
        ForwardContext ctx = training(1);
        return ops::cross_entropy(model.forward(x, graph, ctx), labels, nodes);
      },
      inputs);
}

TEST_CASE("GraphClassifier: learns the classes of a ring", "[models]") {
  GraphClassifierOptions options{.in_channels = 16, .num_classes = 2, .dropout = 0.2};
  options.attention_dropout = 0.2;
  options.model = GENERATE(from_range(kModels));
  GraphClassifier model(options, 0);
  constexpr std::int64_t kNodes = 40;
  // One half of the ring is class 0, the other class 1; the features carry the class and noise.
  std::vector<std::int32_t> labels(kNodes);
  std::vector<std::int64_t> all(kNodes);
  Tensor x = testing::random_tensor({kNodes, 16}, 1, core::DType::f32);
  for (std::int64_t i = 0; i < kNodes; ++i) {
    labels[static_cast<std::size_t>(i)] = i < kNodes / 2 ? 0 : 1;
    all[static_cast<std::size_t>(i)] = i;
    x.mutable_data<float>()[i * 16] += i < kNodes / 2 ? 1.5F : -1.5F;
  }
  const graph::Graph graph = ring(kNodes);
  const Variable features(x);
  const double before = descend(model, features, graph, labels, all, 0);
  for (std::uint32_t step = 1; step < 150; ++step) {
    (void)descend(model, features, graph, labels, all, step);
  }
  ForwardContext ctx;
  const std::vector<double> logits = values(model.forward(features, graph, ctx).value());
  int right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    right += (logits[2 * i] > logits[2 * i + 1] ? 0 : 1) == labels[i] ? 1 : 0;
  }
  CHECK(before > 0.5);
  CHECK(right >= 38);
}

TEST_CASE("GraphClassifier: evaluation ignores dropout", "[models]") {
  GraphClassifierOptions options{.in_channels = 6, .num_classes = 3};
  const GraphClassifier dropping(options, 5);
  options.dropout = 0;
  options.attention_dropout = 0;
  const GraphClassifier plain(options, 5);
  const Variable x = testing::random_leaf({10, 6}, 1, core::DType::f32);
  ForwardContext evaluation;
  ForwardContext train = training(0);
  const Tensor expected = dropping.forward(x, ring(10), evaluation).value();
  CHECK(testing::same_bits(expected, plain.forward(x, ring(10), train).value()));
}

TEST_CASE("GraphClassifier: runs on awkward graphs given their self-loops", "[models]") {
  const GraphModel kind = GENERATE(from_range(kModels));
  const GraphClassifier model({.model = kind, .in_channels = 3, .num_classes = 2}, 0);
  for (const testing::AwkwardGraph& awkward : testing::awkward_graphs()) {
    CAPTURE(awkward.name);
    const graph::Graph graph = graph::with_self_loops(awkward.graph);
    const Variable x = testing::random_leaf({graph.num_nodes(), 3}, 1, core::DType::f32);
    ForwardContext ctx = training(2);
    testing::zero_grad(model);
    const Variable logits = model.forward(x, graph, ctx);
    REQUIRE(logits.shape() == core::Shape{graph.num_nodes(), 2});
    backward(testing::weighted_sum(logits));
    for (const double value : values(logits.value())) {
      REQUIRE(std::isfinite(value));
    }
    for (const nn::NamedParameter& named : model.parameters()) {
      CAPTURE(named.name);
      for (const double value : values(named.variable.grad())) {
        REQUIRE(std::isfinite(value));
      }
    }
  }
}

TEST_CASE("GraphClassifier: every layer reports its heads, the last one too", "[models]") {
  struct Heads final : nn::HeadSink {
    void receive(const nn::AttentionHeads& heads) override {
      shapes.push_back(heads.queries.shape());
    }
    std::vector<core::Shape> shapes;
  };
  GraphClassifierOptions options{.in_channels = 3, .num_classes = 5, .layers = 3};
  std::vector<core::Shape> expected = {{6, 8, 8}, {6, 8, 8}, {6, 1, 5}};
  SECTION("gat") {}
  SECTION("gat, the two numbers of a logit") {
    options.gat_heads = nn::GATHeads::logit;
    expected = {{6, 8, 1}, {6, 8, 1}, {6, 1, 1}};
  }
  SECTION("gatv2") {
    options.model = GraphModel::gatv2;
  }
  SECTION("transformer") {
    options.model = GraphModel::transformer;
  }
  SECTION("gcn has none") {
    options.model = GraphModel::gcn;
    expected = {};
  }
  const GraphClassifier model(options, 0);
  Heads heads;
  ForwardContext ctx;
  ctx.head_sink = &heads;
  (void)model.forward(testing::random_leaf({6, 3}, 1, core::DType::f32), ring(6), ctx);
  CHECK(heads.shapes == expected);
}

TEST_CASE("GraphClassifier: same bits on 1, 2 and 8 threads", "[models][property]") {
  const GraphModel kind = GENERATE(from_range(kModels));
  GraphClassifier model({.model = kind, .in_channels = 30, .num_classes = 7}, 0);
  constexpr std::int64_t kNodes = 2000;
  const graph::Graph graph = ring(kNodes);
  const Variable x = testing::random_leaf({kNodes, 30}, 1, core::DType::f32);
  const std::vector<std::int32_t> labels(kNodes, 3);
  const std::vector<std::int64_t> nodes = {0, 1, 5, 1999};
  testing::require_same_bits_on_any_threads([&] {
    testing::zero_grad(model);
    ForwardContext ctx = training(7);
    const Variable logits = model.forward(x, graph, ctx);
    backward(ops::cross_entropy(logits, labels, nodes));
    std::vector<Tensor> tensors = {logits.value()};
    for (const nn::NamedParameter& named : model.parameters()) {
      tensors.push_back(named.variable.grad());
    }
    return tensors;
  });
}

TEST_CASE("GraphClassifier: after the first steps nothing is taken from the system", "[models]") {
  GraphClassifier model({.in_channels = 30, .num_classes = 7}, 0);
  constexpr std::int64_t kNodes = 500;
  const graph::Graph graph = ring(kNodes);
  const Variable x(testing::random_tensor({kNodes, 30}, 1, core::DType::f32));
  const std::vector<std::int32_t> labels(kNodes, 3);
  const std::vector<std::int64_t> nodes = {0, 1, 5, 499};
  core::PoolStatistics warm;
  for (std::uint32_t step = 0; step < 20; ++step) {
    if (step == 5) {
      warm = core::pool_statistics();
    }
    (void)descend(model, x, graph, labels, nodes, step);
  }
  CHECK(core::pool_statistics().system_allocations == warm.system_allocations);
  CHECK(core::pool_statistics().bytes_in_use == warm.bytes_in_use);
}

TEST_CASE("GraphClassifier: says which option is out of range", "[models]") {
  GraphClassifierOptions options{.in_channels = 3, .num_classes = 2};
  SECTION("zero heads") {
    options.heads = 0;
    CHECK(refusal(options) == "GraphClassifier: heads must be 1 to 65536, got 0");
  }
  SECTION("zero heads, though gcn has none") {
    options.model = GraphModel::gcn;
    options.heads = 0;
    CHECK(refusal(options) == "GraphClassifier: heads must be 1 to 65536, got 0");
  }
  SECTION("out_heads") {
    options.out_heads = -1;
    CHECK(refusal(options) == "GraphClassifier: out_heads must be 1 to 65536, got -1");
  }
  SECTION("layers") {
    options.layers = 0;
    CHECK(refusal(options) == "GraphClassifier: layers must be 1 to 1000, got 0");
  }
  SECTION("hidden_channels") {
    options.hidden_channels = 0;
    CHECK(refusal(options) == "GraphClassifier: hidden_channels must be 1 to 2147483647, got 0");
  }
  SECTION("in_channels") {
    options.in_channels = 0;
    CHECK(refusal(options) == "GraphClassifier: in_channels must be 1 to 2147483647, got 0");
  }
  SECTION("num_classes") {
    options.num_classes = 0;
    CHECK(refusal(options) == "GraphClassifier: num_classes must be 1 to 2147483647, got 0");
  }
  SECTION("dropout") {
    options.dropout = 1;
    CHECK(refusal(options) == "GraphClassifier: dropout must be in [0, 1), got 1");
  }
  SECTION("attention_dropout") {
    options.attention_dropout = std::numeric_limits<double>::quiet_NaN();
    CHECK(refusal(options) == "GraphClassifier: attention_dropout must be in [0, 1), got nan");
  }
  SECTION("negative_slope") {
    options.negative_slope = -std::numeric_limits<double>::infinity();
    CHECK(refusal(options) == "GraphClassifier: negative_slope must be finite, got -inf");
  }
  SECTION("no such model") {
    options.model = static_cast<GraphModel>(9);
    CHECK(refusal(options) == "GraphClassifier: model must be one of those that there are, got 9");
  }
  SECTION("a product of sizes no memory holds") {
    options.heads = 65536;
    options.hidden_channels = std::numeric_limits<std::int32_t>::max();
    options.in_channels = std::numeric_limits<std::int32_t>::max();
    CHECK_THROWS_AS(GraphClassifier(options, 0), ShapeError);
  }
}

TEST_CASE("GraphClassifier: refuses features and graphs that do not fit", "[models]") {
  const auto [kind, who] = GENERATE(table<GraphModel, std::string>({
      {GraphModel::gat, "GATConv"},
      {GraphModel::gatv2, "GATv2Conv"},
      {GraphModel::transformer, "TransformerConv"},
      {GraphModel::gcn, "GCNConv"},
  }));
  const GraphClassifier model({.model = kind, .in_channels = 3, .num_classes = 2}, 0);
  ForwardContext ctx;
  CHECK(message_of<ShapeError>([&] {
          (void)model.forward(Variable(Tensor::zeros({6, 4})), ring(6), ctx);
        }) == who + "::forward: x must be [num_nodes=6, in_channels=3], got [6, 4]");
  CHECK_THROWS_AS((void)model.forward(Variable(Tensor::zeros({2, 3})),
                                      graph::from_edges(2, std::vector<graph::Edge>{{0, 1}}), ctx),
                  InvalidArgument);
}
