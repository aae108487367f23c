#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/awkward_graphs.hpp"
#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/builder.hpp>
#include <attune/nn/gat_conv.hpp>
#include <attune/ops/activations.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/matmul.hpp>

using namespace attune;
using core::RandomStream;
using core::Tensor;
using nn::ForwardContext;
using nn::GATConv;
using nn::GATConvOptions;
using testing::message_of;
using testing::parameter;
using testing::values;

namespace {

using Matrix = std::vector<std::vector<double>>;

Matrix matrix(const Tensor& tensor) {
  const std::vector<double> flat = values(tensor);
  const auto rows = static_cast<std::size_t>(tensor.size(0));
  const std::size_t columns = rows == 0 ? 0 : flat.size() / rows;
  Matrix result(rows, std::vector<double>(columns));
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t c = 0; c < columns; ++c) {
      result[i][c] = flat[i * columns + c];
    }
  }
  return result;
}

// The layer as dense matrices: adjacency[i][j] counts the edges j -> i.
Matrix dense_gat(const GATConv& conv, const GATConvOptions& options, const Tensor& features,
                 const graph::Graph& graph) {
  const auto n = static_cast<std::size_t>(graph.num_nodes());
  const auto heads = static_cast<std::size_t>(options.heads);
  const auto channels = static_cast<std::size_t>(options.out_channels);
  Matrix adjacency(n, std::vector<double>(n, 0));
  for (std::size_t i = 0; i < n; ++i) {
    for (auto e = graph.in_edges().row_ptr[i]; e < graph.in_edges().row_ptr[i + 1]; ++e) {
      adjacency[i]
               [static_cast<std::size_t>(graph.in_edges().col_idx[static_cast<std::size_t>(e)])] +=
          1;
    }
  }
  const Matrix x = matrix(features);
  const Matrix w = matrix(parameter(conv, "weight").value());
  const Matrix a_src = matrix(parameter(conv, "att_src").value());
  const Matrix a_dst = matrix(parameter(conv, "att_dst").value());
  const std::vector<double> bias = values(parameter(conv, "bias").value());
  Matrix out(n, bias);
  for (std::size_t h = 0; h < heads; ++h) {
    Matrix z(n, std::vector<double>(channels, 0));
    std::vector<double> dst(n, 0);
    std::vector<double> src(n, 0);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t c = 0; c < channels; ++c) {
        for (std::size_t k = 0; k < w.size(); ++k) {
          z[i][c] += x[i][k] * w[k][h * channels + c];
        }
        dst[i] += a_dst[h][c] * z[i][c];
        src[i] += a_src[h][c] * z[i][c];
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<double> weight(n, 0);
      double total = 0;
      for (std::size_t j = 0; j < n; ++j) {
        const double score = dst[i] + src[j];
        const double logit = score > 0 ? score : options.negative_slope * score;
        weight[j] = adjacency[i][j] * std::exp(logit);
        total += weight[j];
      }
      for (std::size_t j = 0; j < n && total > 0; ++j) {
        for (std::size_t c = 0; c < channels; ++c) {
          const double message = weight[j] / total * z[j][c];
          if (options.concat) {
            out[i][h * channels + c] += message;
          } else {
            out[i][c] += message / static_cast<double>(heads);
          }
        }
      }
    }
  }
  return out;
}

// 0 <-> 1 <-> 2 -> 3, with self-loops.
graph::Graph small_graph() {
  const std::vector<graph::Edge> edges = {{0, 1}, {1, 0}, {1, 2}, {2, 1}, {2, 3}};
  return graph::with_self_loops(graph::from_edges(4, edges));
}

ForwardContext training(std::uint32_t step = 0) {
  return ForwardContext(RandomStream(1, core::Purpose::dropout).at_step(step));
}

struct Heads final : nn::HeadSink {
  void receive(const nn::AttentionHeads& heads) override { received.push_back(heads); }
  std::vector<nn::AttentionHeads> received;
};

struct Coefficients final : nn::AttentionSink {
  void receive(const Tensor& alpha) override { received.push_back(alpha); }
  std::vector<Tensor> received;
};

}  // namespace

TEST_CASE("GATConv: is the dense definition on awkward graphs, as they are and looped", "[nn]") {
  GATConvOptions options{.in_channels = 5,
                         .out_channels = 4,
                         .heads = 3,
                         .negative_slope = 0.3,
                         .expect_self_loops = false};
  options.concat = GENERATE(true, false);
  const core::DType dtype = GENERATE(core::DType::f64, core::DType::f32);
  // Roundings of sums of a few dozen numbers of order one.
  const double tolerance = dtype == core::DType::f64 ? 1e-12 : 1e-5;
  nn::Initializer init(0);
  GATConv conv(options, init);
  conv.to(dtype);
  testing::randomize(conv, 5);
  for (const testing::AwkwardGraph& awkward : testing::awkward_graphs()) {
    for (const graph::Graph& graph : {awkward.graph, graph::with_self_loops(awkward.graph)}) {
      CAPTURE(awkward.name, options.concat, core::to_string(dtype));
      const Tensor x = testing::random_tensor({graph.num_nodes(), 5}, 9, dtype);
      ForwardContext ctx;
      const Matrix found = matrix(conv.forward(Variable(x), graph, ctx).value());
      const Matrix expected = dense_gat(conv, options, x, graph);
      REQUIRE(found.size() == expected.size());
      double worst = 0;
      for (std::size_t i = 0; i < found.size(); ++i) {
        REQUIRE(found[i].size() == expected[i].size());
        for (std::size_t c = 0; c < found[i].size(); ++c) {
          REQUIRE(std::isfinite(found[i][c]));
          worst = std::max(worst, std::abs(found[i][c] - expected[i][c]));
        }
      }
      REQUIRE(worst < tolerance);
    }
  }
}

TEST_CASE("GATConv: a node without in-edges yields its bias", "[nn]") {
  nn::Initializer init(0);
  GATConv conv({.in_channels = 2, .out_channels = 3, .heads = 2, .expect_self_loops = false}, init);
  testing::randomize(conv, 5);
  const std::vector<graph::Edge> edges = {{1, 0}};
  ForwardContext ctx;
  const Variable x = testing::random_leaf({2, 2}, 1, core::DType::f32);
  const Matrix y = matrix(conv.forward(x, graph::from_edges(2, edges), ctx).value());
  CHECK(y[1] == values(parameter(conv, "bias").value()));
  CHECK(y[0] != y[1]);
}

TEST_CASE("GATConv: the residual is the input, or its projection, added before the activation",
          "[nn]") {
  const std::int64_t in = GENERATE(4, 3);  // as wide as the output, and not
  GATConvOptions options{.in_channels = in, .out_channels = 2, .heads = 2};
  nn::Initializer init(0);
  const GATConv plain(options, init);
  options.residual = true;
  nn::Initializer again(0);
  const GATConv residual(options, again);
  options.activation = nn::Activation::elu;
  nn::Initializer once_more(0);
  const GATConv activated(options, once_more);

  const Variable x = testing::random_leaf({4, in}, 1, core::DType::f32);
  const Variable path = in == 4 ? x : ops::matmul(x, parameter(residual, "residual_weight"));
  ForwardContext ctx;
  const Variable expected = ops::add(plain.forward(x, small_graph(), ctx), path);
  CHECK(testing::max_difference(residual.forward(x, small_graph(), ctx).value(), expected.value()) <
        1e-6);
  CHECK(testing::max_difference(activated.forward(x, small_graph(), ctx).value(),
                                ops::elu(expected).value()) < 1e-6);
}

TEST_CASE("GATConv: derivatives agree with central differences", "[nn][gradient]") {
  GATConvOptions options{.in_channels = 3, .out_channels = 2, .heads = 2};
  SECTION("concatenated heads") {}
  SECTION("averaged heads") {
    options.concat = false;
  }
  SECTION("one head") {
    options.heads = 1;
  }
  SECTION("no bias") {
    options.bias = false;
  }
  SECTION("projected residual, ELU") {
    options.residual = true;
    options.activation = nn::Activation::elu;
  }
  SECTION("identity residual, ReLU") {
    options.in_channels = 4;
    options.residual = true;
    options.activation = nn::Activation::relu;
  }
  SECTION("ELU") {
    options.activation = nn::Activation::elu;
  }
  SECTION("ELU without bias") {
    options.activation = nn::Activation::elu;
    options.bias = false;
  }
  SECTION("dropout on input and coefficients") {
    options.dropout = 0.4;
    options.attention_dropout = 0.4;
  }
  nn::Initializer init(0);
  GATConv conv(options, init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 11);
  const Variable x = testing::random_leaf({4, options.in_channels}, 2);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(conv);
  const bool projected = options.residual && options.in_channels != conv.output_channels();
  CHECK(inputs.size() == 3U + (options.bias ? 1 : 0) + (projected ? 1 : 0));
  inputs.push_back({"x", x});
  const graph::Graph graph = small_graph();
  testing::require_gradients(
      [&] {
        ForwardContext ctx = training();
        return testing::weighted_sum(conv.forward(x, graph, ctx));
      },
      inputs);
}

TEST_CASE("GATConv: derivatives through reported queries and keys agree with differences",
          "[nn][gradient]") {
  nn::Initializer init(0);
  GATConv conv({.in_channels = 3, .out_channels = 2, .heads = 2}, init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 11);
  const Variable x = testing::random_leaf({4, 3}, 2);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(conv);
  inputs.push_back({"x", x});
  const graph::Graph graph = small_graph();
  testing::require_gradients(
      [&] {
        Heads heads;
        ForwardContext ctx;
        ctx.head_sink = &heads;
        const Variable y = conv.forward(x, graph, ctx);
        const nn::AttentionHeads& reported = heads.received.at(0);
        return ops::add(testing::weighted_sum(y),
                        testing::weighted_sum(ops::mul(reported.queries, reported.keys)));
      },
      inputs);
}

TEST_CASE("GATConv: reports a_dst * z as queries and a_src * z as keys", "[nn]") {
  nn::Initializer init(0);
  GATConv conv({.in_channels = 2, .out_channels = 2, .heads = 2}, init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 3);
  Heads heads;
  ForwardContext ctx;
  ctx.head_sink = &heads;
  const Variable x = testing::random_leaf({4, 2}, 1);
  (void)conv.forward(x, small_graph(), ctx);
  REQUIRE(heads.received.size() == 1);
  const nn::AttentionHeads& reported = heads.received[0];
  CHECK(reported.query_mask.empty());
  CHECK(reported.key_mask.empty());
  REQUIRE(reported.queries.shape() == core::Shape{4, 2, 2});
  REQUIRE(reported.keys.shape() == core::Shape{4, 2, 2});
  const Matrix w = matrix(parameter(conv, "weight").value());
  const std::vector<double> a_dst = values(parameter(conv, "att_dst").value());
  const std::vector<double> a_src = values(parameter(conv, "att_src").value());
  const Matrix in = matrix(x.value());
  const Matrix queries = matrix(reported.queries.value());
  const Matrix keys = matrix(reported.keys.value());
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t c = 0; c < 4; ++c) {
      const double z = in[i][0] * w[0][c] + in[i][1] * w[1][c];
      CHECK(queries[i][c] == Approx(a_dst[c] * z));
      CHECK(keys[i][c] == Approx(a_src[c] * z));
    }
  }
}

TEST_CASE("GATConv: reports coefficients before dropout that sum to one at each node", "[nn]") {
  nn::Initializer init(0);
  GATConv conv({.in_channels = 2, .out_channels = 2, .heads = 3, .attention_dropout = 0.6}, init);
  testing::randomize(conv, 3);
  const graph::Graph graph = small_graph();
  Coefficients sink;
  ForwardContext ctx = training();
  ctx.attention_sink = &sink;
  (void)conv.forward(testing::random_leaf({4, 2}, 1, core::DType::f32), graph, ctx);
  REQUIRE(sink.received.size() == 1);
  REQUIRE(sink.received[0].shape() == core::Shape{graph.num_edges(), 3});
  const Matrix alpha = matrix(sink.received[0]);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t h = 0; h < 3; ++h) {
      double sum = 0;
      for (auto e = graph.in_edges().row_ptr[i]; e < graph.in_edges().row_ptr[i + 1]; ++e) {
        CHECK(alpha[static_cast<std::size_t>(e)][h] > 0);
        sum += alpha[static_cast<std::size_t>(e)][h];
      }
      CHECK(sum == Approx(1).epsilon(1e-6));
    }
  }
}

TEST_CASE("GATConv: being listened to changes no bit", "[nn][property]") {
  nn::Initializer init(0);
  const GATConv conv(
      {.in_channels = 4, .out_channels = 2, .heads = 3, .dropout = 0.5, .attention_dropout = 0.5},
      init);
  const graph::Graph graph = small_graph();
  const Variable x = testing::random_leaf({4, 4}, 1, core::DType::f32);
  ForwardContext alone = training();
  const Variable expected = conv.forward(x, graph, alone);
  Heads heads;
  Coefficients alpha;
  ForwardContext heard = training();
  heard.head_sink = &heads;
  heard.attention_sink = &alpha;
  CHECK(testing::same_bits(conv.forward(x, graph, heard).value(), expected.value()));
}

TEST_CASE("GATConv: dropout acts in training only and differs from step to step", "[nn]") {
  nn::Initializer init(0);
  const GATConvOptions plain{.in_channels = 8, .out_channels = 4, .heads = 2};
  GATConvOptions dropping = plain;
  SECTION("on the input") {
    dropping.dropout = 0.5;
  }
  SECTION("on the coefficients") {
    dropping.attention_dropout = 0.5;
  }
  GATConv conv(dropping, init);
  const graph::Graph graph = small_graph();
  const Variable x = testing::random_leaf({4, 8}, 1, core::DType::f32);
  ForwardContext evaluation;
  ForwardContext first = training(0);
  ForwardContext again = training(0);
  ForwardContext next = training(1);
  const Tensor evaluated = conv.forward(x, graph, evaluation).value();
  const Tensor trained = conv.forward(x, graph, first).value();
  CHECK_FALSE(testing::same_bits(evaluated, trained));
  CHECK(testing::same_bits(trained, conv.forward(x, graph, again).value()));
  CHECK_FALSE(testing::same_bits(trained, conv.forward(x, graph, next).value()));

  nn::Initializer same_seed(0);
  GATConv without(plain, same_seed);
  ForwardContext ctx = training();
  CHECK(testing::same_bits(evaluated, without.forward(x, graph, ctx).value()));
}

TEST_CASE("GATConv: sparse features give what their dense form gives", "[nn]") {
  nn::Initializer init(0);
  // Identity residual: sparse features pass it as dense ones.
  const GATConv conv({.in_channels = 4, .out_channels = 2, .heads = 2, .residual = true}, init);
  const sparse::CsrMatrix x(4, {0, 2, 2, 3, 5}, {0, 2, 1, 0, 3},
                            Tensor::from<float>({1, 2, 3, -1, 0.5}, {5}));
  ForwardContext ctx;
  CHECK(testing::max_difference(
            conv.forward(x, small_graph(), ctx).value(),
            conv.forward(Variable(sparse::to_dense(x)), small_graph(), ctx).value()) < 1e-6);
}

TEST_CASE("GATConv: relabelling the nodes permutes the output", "[nn][property]") {
  nn::Initializer init(0);
  GATConv conv({.in_channels = 3, .out_channels = 2, .heads = 2}, init);
  conv.to(core::DType::f64);
  const std::vector<graph::Edge> edges = {{0, 1}, {1, 0}, {1, 2}, {2, 1}, {2, 3}};
  const std::vector<std::int64_t> label = {2, 0, 3, 1};
  std::vector<graph::Edge> relabelled;
  for (const graph::Edge& edge : edges) {
    relabelled.push_back(
        {label[static_cast<std::size_t>(edge.src)], label[static_cast<std::size_t>(edge.dst)]});
  }
  const Tensor x = testing::random_tensor({4, 3}, 1);
  Tensor moved = Tensor::empty({4, 3}, core::DType::f64);
  for (std::int64_t i = 0; i < 4; ++i) {
    for (std::int64_t c = 0; c < 3; ++c) {
      moved.mutable_data<double>()[label[static_cast<std::size_t>(i)] * 3 + c] =
          x.data<double>()[i * 3 + c];
    }
  }
  ForwardContext ctx;
  const auto looped = [](const std::vector<graph::Edge>& list) {
    return graph::with_self_loops(graph::from_edges(4, list));
  };
  const Matrix y = matrix(conv.forward(Variable(x), looped(edges), ctx).value());
  const Matrix z = matrix(conv.forward(Variable(moved), looped(relabelled), ctx).value());
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t c = 0; c < 4; ++c) {
      CHECK(z[static_cast<std::size_t>(label[i])][c] == Approx(y[i][c]).epsilon(1e-12));
    }
  }
}

TEST_CASE("GATConv: NaN reaches the nodes that hear its node, and no others", "[nn]") {
  nn::Initializer init(0);
  const GATConv conv({.in_channels = 3, .out_channels = 2, .heads = 2}, init);
  Tensor x = testing::random_tensor({4, 3}, 1, core::DType::f32);
  x.mutable_data<float>()[0] = std::numeric_limits<float>::quiet_NaN();  // of node 0
  ForwardContext ctx;
  const Matrix y = matrix(conv.forward(Variable(x), small_graph(), ctx).value());
  for (std::size_t i = 0; i < 4; ++i) {
    for (const double value : y[i]) {
      CHECK(std::isnan(value) == (i <= 1));  // itself, and node 1
    }
  }
}

TEST_CASE("GATConv: same bits on 1, 2 and 8 threads", "[nn][property]") {
  constexpr std::int64_t kNodes = 3000;
  std::vector<graph::Edge> edges;
  const RandomStream random(5, core::Purpose::generation);
  for (std::uint64_t e = 0; e < 12000; ++e) {
    edges.push_back({static_cast<std::int64_t>(random.below(2 * e, kNodes)),
                     static_cast<std::int64_t>(random.below(2 * e + 1, kNodes))});
  }
  const graph::Graph graph = graph::with_self_loops(graph::from_edges(kNodes, edges));
  nn::Initializer init(0);
  GATConv conv({.in_channels = 20,
                .out_channels = 8,
                .heads = 8,
                .dropout = 0.6,
                .attention_dropout = 0.6,
                .activation = nn::Activation::elu},
               init);
  Variable x = testing::random_leaf({kNodes, 20}, 1, core::DType::f32);
  testing::require_same_bits_on_any_threads([&] {
    testing::zero_grad(conv);
    x.zero_grad();
    ForwardContext ctx = training(3);
    const Variable y = conv.forward(x, graph, ctx);
    backward(testing::weighted_sum(y));
    std::vector<Tensor> tensors = {y.value(), x.grad()};
    for (const nn::NamedParameter& named : conv.parameters()) {
      tensors.push_back(named.variable.grad());
    }
    return tensors;
  });
}

TEST_CASE("GATConv: refuses options, features and graphs that do not fit", "[nn]") {
  nn::Initializer init(0);
  const auto refusal = [&](GATConvOptions options) {
    return message_of<InvalidArgument>([&] { const GATConv conv(options, init); });
  };
  CHECK(refusal({.in_channels = 3, .out_channels = 2, .heads = 0}) ==
        "GATConv: heads must be 1 to 2147483647, got 0");
  CHECK(refusal({.out_channels = 2}) == "GATConv: in_channels must be 1 to 2147483647, got 0");
  CHECK(refusal({.in_channels = 3}) == "GATConv: out_channels must be 1 to 2147483647, got 0");
  CHECK(refusal({.in_channels = 3, .out_channels = 2, .dropout = 1}) ==
        "GATConv: dropout must be in [0, 1), got 1");
  CHECK(refusal({.in_channels = 3, .out_channels = 2, .attention_dropout = -0.5}) ==
        "GATConv: attention_dropout must be in [0, 1), got -0.5");
  CHECK(refusal({.in_channels = 3,
                 .out_channels = 2,
                 .negative_slope = std::numeric_limits<double>::infinity()}) ==
        "GATConv: negative_slope must be finite, got inf");

  const GATConv conv({.in_channels = 3, .out_channels = 2}, init);
  ForwardContext ctx;
  CHECK(message_of<ShapeError>([&] {
          (void)conv.forward(Variable(Tensor::zeros({4, 2})), small_graph(), ctx);
        }) == "GATConv::forward: x must be [num_nodes=4, in_channels=3], got [4, 2]");
  CHECK(message_of<ShapeError>([&] {
          (void)conv.forward(Variable(Tensor::zeros({5, 3})), small_graph(), ctx);
        }) == "GATConv::forward: x must be [num_nodes=4, in_channels=3], got [5, 3]");
  CHECK(message_of<ShapeError>([&] {
          (void)conv.forward(Variable(Tensor::zeros({12})), small_graph(), ctx);
        }) == "GATConv::forward: x must be [num_nodes=4, in_channels=3], got [12]");
  const std::vector<graph::Edge> edges = {{0, 0}, {2, 2}, {0, 1}};
  CHECK(message_of<InvalidArgument>([&] {
          (void)conv.forward(Variable(Tensor::zeros({3, 3})), graph::from_edges(3, edges), ctx);
        }) ==
        "GATConv::forward: graph must have a self-loop at every node, node 1 has none; pass "
        "graph::with_self_loops(graph), or set expect_self_loops = false");
}
