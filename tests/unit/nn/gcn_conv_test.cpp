#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/awkward_graphs.hpp"
#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/builder.hpp>
#include <attune/nn/gcn_conv.hpp>

using namespace attune;
using core::Tensor;
using nn::ForwardContext;
using nn::GCNConv;
using testing::message_of;
using testing::parameter;
using testing::values;

namespace {

// 0 <-> 1, node 2 alone; all with self-loops: degrees 2, 2, 1.
graph::Graph pair_and_one() {
  const std::vector<graph::Edge> edges = {{0, 1}};
  return graph::from_edges(3, edges, {.self_loops = graph::SelfLoops::add_all, .symmetric = true});
}

}  // namespace

TEST_CASE("GCNConv: neighbours weighed by the inverse square roots of both degrees", "[nn]") {
  nn::Initializer init(0);
  const GCNConv conv({.in_channels = 1, .out_channels = 1}, init);
  parameter(conv, "weight").set_value(Tensor::from<float>({2}, {1, 1}));
  parameter(conv, "bias").set_value(Tensor::from<float>({0.5}, {1}));
  ForwardContext ctx;
  const Variable x(Tensor::from<float>({1, 3, 5}, {3, 1}));
  // Node 0: (1 + 3) / 2 * 2 + 0.5.
  const std::vector<double> y = values(conv.forward(x, pair_and_one(), ctx).value());
  CHECK(y[0] == Approx(4.5));
  CHECK(y[1] == Approx(4.5));
  CHECK(y[2] == Approx(10.5));
}

TEST_CASE("GCNConv: the residual is the input, added before the activation", "[nn]") {
  nn::Initializer init(0);
  const GCNConv conv(
      {.in_channels = 1, .out_channels = 1, .residual = true, .activation = nn::Activation::relu},
      init);
  parameter(conv, "weight").set_value(Tensor::from<float>({2}, {1, 1}));
  ForwardContext ctx;
  const Variable x(Tensor::from<float>({1, 3, -5}, {3, 1}));
  const std::vector<double> y = values(conv.forward(x, pair_and_one(), ctx).value());
  CHECK(y[0] == Approx(4 + 1));
  CHECK(y[1] == Approx(4 + 3));
  CHECK(y[2] == 0);
}

TEST_CASE("GCNConv: derivatives agree with central differences", "[nn][gradient]") {
  const bool residual = GENERATE(false, true);
  const std::int64_t out = GENERATE(2, 3);
  const nn::Activation activation =
      GENERATE(nn::Activation::none, nn::Activation::elu, nn::Activation::relu);
  nn::Initializer init(0);
  GCNConv conv(
      {.in_channels = 3, .out_channels = out, .residual = residual, .activation = activation},
      init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 7);
  const Variable x = testing::random_leaf({3, 3}, 2);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(conv);
  CHECK(inputs.size() == (residual && out != 3 ? 3 : 2));
  inputs.push_back({"x", x});
  testing::require_gradients(
      [&] {
        ForwardContext ctx;
        return testing::weighted_sum(conv.forward(x, pair_and_one(), ctx));
      },
      inputs);
}

TEST_CASE("GCNConv: runs on awkward graphs", "[nn]") {
  nn::Initializer init(0);
  GCNConv conv({.in_channels = 3, .out_channels = 2, .expect_self_loops = false}, init);
  testing::randomize(conv, 3);
  for (const testing::AwkwardGraph& awkward : testing::awkward_graphs()) {
    CAPTURE(awkward.name);
    ForwardContext ctx;
    const Variable x = testing::random_leaf({awkward.graph.num_nodes(), 3}, 1, core::DType::f32);
    const Variable y = conv.forward(x, awkward.graph, ctx);
    REQUIRE(y.shape() == core::Shape{awkward.graph.num_nodes(), 2});
    backward(testing::weighted_sum(y));
    const std::vector<double> out = values(y.value());
    for (std::int64_t i = 0; i < awkward.graph.num_nodes(); ++i) {
      for (std::size_t c = 0; c < 2; ++c) {
        const double value = out[static_cast<std::size_t>(2 * i) + c];
        REQUIRE(std::isfinite(value));
        if (awkward.graph.in_degree(i) == 0) {
          REQUIRE(value == values(parameter(conv, "bias").value())[c]);
        }
      }
    }
  }
}

TEST_CASE("GCNConv: refuses options, features and graphs that do not fit", "[nn]") {
  nn::Initializer init(0);
  CHECK(message_of<InvalidArgument>([&] {
          const GCNConv conv({.in_channels = 3, .out_channels = 0}, init);
        }) == "GCNConv: out_channels must be 1 to 2147483647, got 0");
  CHECK(message_of<InvalidArgument>([&] {
          const GCNConv conv({.in_channels = 3, .out_channels = 2, .dropout = 1.5}, init);
        }) == "GCNConv: dropout must be in [0, 1), got 1.5");
  const GCNConv conv({.in_channels = 3, .out_channels = 2}, init);
  ForwardContext ctx;
  CHECK(message_of<ShapeError>([&] {
          (void)conv.forward(Variable(Tensor::zeros({3, 4})), pair_and_one(), ctx);
        }) == "GCNConv::forward: x must be [num_nodes=3, in_channels=3], got [3, 4]");
  const std::vector<graph::Edge> edges = {{0, 0}, {0, 1}};
  CHECK(message_of<InvalidArgument>([&] {
          (void)conv.forward(Variable(Tensor::zeros({2, 3})), graph::from_edges(2, edges), ctx);
        }) ==
        "GCNConv::forward: graph must have a self-loop at every node, node 1 has none; pass "
        "graph::with_self_loops(graph), or set expect_self_loops = false");
}
