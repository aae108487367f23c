#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dense_attention.hpp"
#include "layer_test_support.hpp"
#include "support/awkward_graphs.hpp"
#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/nn/gatv2_conv.hpp>
#include <attune/ops/activations.hpp>
#include <attune/ops/elementwise.hpp>

using namespace attune;
using core::Tensor;
using nn::ForwardContext;
using nn::GATv2Conv;
using nn::GATv2ConvOptions;
using testing::Matrix;
using testing::matrix;
using testing::parameter;
using testing::product;
using testing::values;

namespace {

// What the layer projects its input to, by its parameters.
Matrix projected(const GATv2Conv& conv, const std::string& side, const Tensor& x) {
  return product(matrix(x), matrix(parameter(conv, side + "_weight").value()),
                 values(parameter(conv, side + "_bias").value()));
}

Matrix dense_gatv2(const GATv2Conv& conv, const GATv2ConvOptions& options, const Tensor& x,
                   const graph::Graph& graph) {
  const Matrix keys = projected(conv, "src", x);
  const Matrix queries = projected(conv, options.share_weights ? "src" : "dst", x);
  const Matrix att = matrix(parameter(conv, "att").value());
  const auto channels = static_cast<std::size_t>(options.out_channels);
  const auto logit = [&](std::size_t i, std::size_t j, std::size_t h) {
    double total = 0;
    for (std::size_t c = 0; c < channels; ++c) {
      const double s = queries[i][h * channels + c] + keys[j][h * channels + c];
      total += att[h][c] * (s > 0 ? s : options.negative_slope * s);
    }
    return total;
  };
  return testing::plus_row(testing::dense_attention(graph, static_cast<std::size_t>(options.heads),
                                                    logit, keys, options.concat),
                           values(parameter(conv, "bias").value()));
}

}  // namespace

TEST_CASE("GATv2Conv: is the dense definition on awkward graphs, as they are and looped", "[nn]") {
  GATv2ConvOptions options{.in_channels = 5,
                           .out_channels = 4,
                           .heads = 3,
                           .negative_slope = 0.3,
                           .expect_self_loops = false};
  options.concat = GENERATE(true, false);
  options.share_weights = GENERATE(false, true);
  const core::DType dtype = GENERATE(core::DType::f64, core::DType::f32);
  // Roundings of sums of a few dozen numbers of order one.
  const double tolerance = dtype == core::DType::f64 ? 1e-12 : 1e-5;
  nn::Initializer init(0);
  GATv2Conv conv(options, init);
  conv.to(dtype);
  testing::randomize(conv, 5);
  for (const testing::AwkwardGraph& awkward : testing::awkward_graphs()) {
    for (const graph::Graph& graph : {awkward.graph, graph::with_self_loops(awkward.graph)}) {
      CAPTURE(awkward.name, options.concat, options.share_weights, core::to_string(dtype));
      const Tensor x = testing::random_tensor({graph.num_nodes(), 5}, 9, dtype);
      ForwardContext ctx;
      const Matrix found = matrix(conv.forward(Variable(x), graph, ctx).value());
      REQUIRE(testing::max_difference(found, dense_gatv2(conv, options, x, graph)) < tolerance);
    }
  }
}

TEST_CASE("GATv2Conv: a node without in-edges yields its bias", "[nn]") {
  nn::Initializer init(0);
  GATv2Conv conv({.in_channels = 2, .out_channels = 3, .heads = 2, .expect_self_loops = false},
                 init);
  testing::randomize(conv, 5);
  const std::vector<graph::Edge> edges = {{1, 0}};
  ForwardContext ctx;
  const Variable x = testing::random_leaf({2, 2}, 1, core::DType::f32);
  const Matrix y = matrix(conv.forward(x, graph::from_edges(2, edges), ctx).value());
  CHECK(y[1] == values(parameter(conv, "bias").value()));
  CHECK(y[0] != y[1]);
}

TEST_CASE("GATv2Conv: ranks the neighbours of two nodes differently, as GAT cannot", "[nn]") {
  // Nodes 0 and 1 both hear 2 and 3. One head, one channel to match in each place:
  // key 2 suits query 0, key 3 suits query 1.
  const std::vector<graph::Edge> edges = {{2, 0}, {3, 0}, {2, 1}, {3, 1}};
  nn::Initializer init(0);
  const GATv2Conv conv(
      {.in_channels = 4, .out_channels = 4, .bias = false, .expect_self_loops = false}, init);
  Tensor identity = Tensor::zeros({4, 4});
  for (std::int64_t i = 0; i < 4; ++i) {
    identity.mutable_data<float>()[i * 5] = 1;
  }
  parameter(conv, "src_weight").set_value(identity);
  parameter(conv, "dst_weight").set_value(identity);
  parameter(conv, "att").set_value(Tensor::from<float>({1, 1, 1, 1}, {1, 4}));
  const Variable x(
      Tensor::from<float>({1, -1, 0, 0, -1, 1, 0, 0, 1, -1, 0, 0, -1, 1, 0, 0}, {4, 4}));
  testing::ReceivedCoefficients sink;
  ForwardContext ctx;
  ctx.attention_sink = &sink;
  (void)conv.forward(x, graph::from_edges(4, edges), ctx);
  const std::vector<double> alpha = values(sink.received.at(0));
  CHECK(alpha[0] > alpha[1]);  // node 0 prefers 2
  CHECK(alpha[2] < alpha[3]);  // node 1 prefers 3
}

TEST_CASE("GATv2Conv: derivatives agree with central differences", "[nn][gradient]") {
  GATv2ConvOptions options{.in_channels = 3, .out_channels = 2, .heads = 2};
  std::size_t parameters = 6;
  SECTION("concatenated heads") {}
  SECTION("averaged heads") {
    options.concat = false;
  }
  SECTION("one head") {
    options.heads = 1;
  }
  SECTION("no bias") {
    options.bias = false;
    parameters = 3;
  }
  SECTION("shared weights") {
    options.share_weights = true;
    parameters = 4;
  }
  SECTION("shared weights without bias") {
    options.share_weights = true;
    options.bias = false;
    parameters = 2;
  }
  SECTION("projected residual, ELU") {
    options.residual = true;
    options.activation = nn::Activation::elu;
    parameters = 7;
  }
  SECTION("identity residual, ReLU") {
    options.in_channels = 4;
    options.residual = true;
    options.activation = nn::Activation::relu;
  }
  SECTION("dropout on input and coefficients") {
    options.dropout = 0.4;
    options.attention_dropout = 0.4;
  }
  nn::Initializer init(0);
  GATv2Conv conv(options, init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 11);
  const Variable x = testing::random_leaf({4, options.in_channels}, 2);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(conv);
  CHECK(inputs.size() == parameters);
  inputs.push_back({"x", x});
  const graph::Graph graph = testing::small_graph();
  testing::require_gradients(
      [&] {
        ForwardContext ctx = testing::training();
        return testing::weighted_sum(conv.forward(x, graph, ctx));
      },
      inputs);
}

TEST_CASE("GATv2Conv: the residual is the input, added before the activation", "[nn]") {
  GATv2ConvOptions options{.in_channels = 4, .out_channels = 2, .heads = 2};
  nn::Initializer init(0);
  const GATv2Conv plain(options, init);
  options.residual = true;
  options.activation = nn::Activation::elu;
  nn::Initializer again(0);
  const GATv2Conv residual(options, again);
  const Variable x = testing::random_leaf({4, 4}, 1, core::DType::f32);
  ForwardContext ctx;
  const Variable y = plain.forward(x, testing::small_graph(), ctx);
  CHECK(testing::max_difference(residual.forward(x, testing::small_graph(), ctx).value(),
                                ops::elu(ops::add(y, x)).value()) < 1e-6);
}

TEST_CASE("GATv2Conv: reports both projections, biases included", "[nn]") {
  const bool share = GENERATE(false, true);
  nn::Initializer init(0);
  GATv2Conv conv({.in_channels = 2, .out_channels = 2, .heads = 2, .share_weights = share}, init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 3);
  testing::ReceivedHeads heads;
  ForwardContext ctx;
  ctx.head_sink = &heads;
  const Variable x = testing::random_leaf({4, 2}, 1);
  (void)conv.forward(x, testing::small_graph(), ctx);
  REQUIRE(heads.received.size() == 1);
  const nn::AttentionHeads& reported = heads.received[0];
  CHECK(reported.query_mask.empty());
  CHECK(reported.key_mask.empty());
  REQUIRE(reported.queries.shape() == core::Shape{4, 2, 2});
  REQUIRE(reported.keys.shape() == core::Shape{4, 2, 2});
  const Matrix keys = projected(conv, "src", x.value());
  const Matrix queries = share ? keys : projected(conv, "dst", x.value());
  CHECK(testing::max_difference(matrix(reported.queries.value()), queries) < 1e-14);
  CHECK(testing::max_difference(matrix(reported.keys.value()), keys) < 1e-14);
}

TEST_CASE("GATv2Conv: refuses a slope that is not finite", "[nn]") {
  nn::Initializer init(0);
  const GATv2ConvOptions options{.in_channels = 3,
                                 .out_channels = 2,
                                 .negative_slope = std::numeric_limits<double>::infinity()};
  CHECK(testing::message_of<InvalidArgument>([&] { const GATv2Conv conv(options, init); }) ==
        "GATv2Conv: negative_slope must be finite, got inf");
}
