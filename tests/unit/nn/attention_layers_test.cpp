// What holds for every attention layer of a graph.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dense_attention.hpp"
#include "layer_test_support.hpp"
#include "support/parameters.hpp"
#include "support/random_graph.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/nn/gat_conv.hpp>
#include <attune/nn/gatv2_conv.hpp>
#include <attune/nn/transformer_conv.hpp>
#include <attune/ops/elementwise.hpp>

using namespace attune;
using core::RandomStream;
using core::Tensor;
using nn::ForwardContext;
using testing::Matrix;
using testing::matrix;
using testing::message_of;
using testing::same_bits;
using testing::small_graph;
using testing::training;

namespace {

struct Gat {
  using Layer = nn::GATConv;
  using Options = nn::GATConvOptions;
  static constexpr const char* kName = "GATConv";
};

struct Gatv2 {
  using Layer = nn::GATv2Conv;
  using Options = nn::GATv2ConvOptions;
  static constexpr const char* kName = "GATv2Conv";
};

struct Transformer {
  using Layer = nn::TransformerConv;
  using Options = nn::TransformerConvOptions;
  static constexpr const char* kName = "TransformerConv";
};

// Four rows of four features, one of them empty.
sparse::CsrMatrix sparse_features() {
  return {4, {0, 2, 2, 3, 5}, {0, 2, 1, 0, 3}, Tensor::from<float>({1, 2, 3, -1, 0.5}, {5})};
}

std::vector<Tensor> gradients(const nn::Module& module) {
  std::vector<Tensor> result;
  for (const nn::NamedParameter& named : module.parameters()) {
    result.push_back(named.variable.grad());
  }
  return result;
}

}  // namespace

TEMPLATE_TEST_CASE("attention layers: coefficients before dropout sum to one at each node", "[nn]",
                   Gat, Gatv2, Transformer) {
  nn::Initializer init(0);
  typename TestType::Layer conv(
      {.in_channels = 2, .out_channels = 2, .heads = 3, .attention_dropout = 0.6}, init);
  testing::randomize(conv, 3);
  const graph::Graph graph = small_graph();
  testing::ReceivedCoefficients sink;
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

TEMPLATE_TEST_CASE("attention layers: being listened to changes no bit", "[nn][property]", Gat,
                   Gatv2, Transformer) {
  nn::Initializer init(0);
  const typename TestType::Layer conv(
      {.in_channels = 4, .out_channels = 2, .heads = 3, .dropout = 0.5, .attention_dropout = 0.5},
      init);
  const graph::Graph graph = small_graph();
  const Variable x = testing::random_leaf({4, 4}, 1, core::DType::f32);
  ForwardContext alone = training();
  const Variable expected = conv.forward(x, graph, alone);
  testing::ReceivedHeads heads;
  testing::ReceivedCoefficients alpha;
  ForwardContext heard = training();
  heard.head_sink = &heads;
  heard.attention_sink = &alpha;
  CHECK(same_bits(conv.forward(x, graph, heard).value(), expected.value()));
}

TEMPLATE_TEST_CASE("attention layers: derivatives through reported heads agree with differences",
                   "[nn][gradient]", Gat, Gatv2, Transformer) {
  nn::Initializer init(0);
  typename TestType::Layer conv({.in_channels = 3, .out_channels = 2, .heads = 2}, init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 11);
  const Variable x = testing::random_leaf({4, 3}, 2);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(conv);
  inputs.push_back({"x", x});
  const graph::Graph graph = small_graph();
  testing::require_gradients(
      [&] {
        testing::ReceivedHeads heads;
        ForwardContext ctx;
        ctx.head_sink = &heads;
        const Variable y = conv.forward(x, graph, ctx);
        const nn::AttentionHeads& reported = heads.received.at(0);
        return ops::add(testing::weighted_sum(y),
                        testing::weighted_sum(ops::mul(reported.queries, reported.keys)));
      },
      inputs);
}

TEMPLATE_TEST_CASE("attention layers: dropout acts in training only and differs between steps",
                   "[nn]", Gat, Gatv2, Transformer) {
  nn::Initializer init(0);
  const typename TestType::Options plain{.in_channels = 8, .out_channels = 4, .heads = 2};
  typename TestType::Options dropping = plain;
  SECTION("on the input") {
    dropping.dropout = 0.5;
  }
  SECTION("on the coefficients") {
    dropping.attention_dropout = 0.5;
  }
  SECTION("on the values") {
    dropping.value_dropout = 0.5;
  }
  typename TestType::Layer conv(dropping, init);
  const graph::Graph graph = small_graph();
  const Variable x = testing::random_leaf({4, 8}, 1, core::DType::f32);
  ForwardContext evaluation;
  ForwardContext first = training(0);
  ForwardContext again = training(0);
  ForwardContext next = training(1);
  const Tensor evaluated = conv.forward(x, graph, evaluation).value();
  const Tensor trained = conv.forward(x, graph, first).value();
  CHECK_FALSE(same_bits(evaluated, trained));
  CHECK(same_bits(trained, conv.forward(x, graph, again).value()));
  CHECK_FALSE(same_bits(trained, conv.forward(x, graph, next).value()));

  nn::Initializer same_seed(0);
  typename TestType::Layer without(plain, same_seed);
  ForwardContext ctx = training();
  CHECK(same_bits(evaluated, without.forward(x, graph, ctx).value()));
}

TEMPLATE_TEST_CASE("attention layers: every projection sees the same dropped input", "[nn]", Gat,
                   Gatv2, Transformer) {
  nn::Features x = testing::random_leaf({4, 4}, 1, core::DType::f32);
  SECTION("dense") {}
  SECTION("sparse") {
    x = sparse_features();
  }
  nn::Initializer init(0);
  nn::Initializer same_seed(0);
  const typename TestType::Layer dropping(
      {.in_channels = 4, .out_channels = 2, .heads = 2, .dropout = 0.5}, init);
  const typename TestType::Layer plain({.in_channels = 4, .out_channels = 2, .heads = 2},
                                       same_seed);
  ForwardContext ctx = training();
  const Tensor found = dropping.forward(x, small_graph(), ctx).value();
  ForwardContext of_input = training();
  ForwardContext evaluation;
  const nn::Features dropped = nn::Dropout(0.5).forward(x, of_input);
  CHECK(same_bits(found, plain.forward(dropped, small_graph(), evaluation).value()));
}

TEMPLATE_TEST_CASE("attention layers: sparse features give what their dense form gives", "[nn]",
                   Gat, Gatv2, Transformer) {
  nn::Initializer init(0);
  const typename TestType::Layer conv({.in_channels = 4, .out_channels = 2, .heads = 2}, init);
  const sparse::CsrMatrix x = sparse_features();
  ForwardContext ctx;
  const Variable from_sparse = conv.forward(x, small_graph(), ctx);
  backward(testing::weighted_sum(from_sparse));
  const std::vector<Tensor> expected = gradients(conv);
  testing::zero_grad(conv);
  const Variable from_dense = conv.forward(Variable(sparse::to_dense(x)), small_graph(), ctx);
  backward(testing::weighted_sum(from_dense));
  CHECK(testing::max_difference(from_sparse.value(), from_dense.value()) < 1e-6);
  const std::vector<Tensor> found = gradients(conv);
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(conv.parameters()[i].name);
    CHECK(testing::max_difference(found[i], expected[i]) < 1e-5);
  }
}

TEMPLATE_TEST_CASE("attention layers: relabelling the nodes permutes the output", "[nn][property]",
                   Gat, Gatv2, Transformer) {
  nn::Initializer init(0);
  typename TestType::Layer conv({.in_channels = 3, .out_channels = 2, .heads = 2}, init);
  conv.to(core::DType::f64);
  const std::vector<std::int64_t> label = {2, 0, 3, 1};
  std::vector<graph::Edge> relabelled;
  for (const graph::Edge& edge : testing::small_edges()) {
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
  const graph::Graph other = graph::with_self_loops(graph::from_edges(4, relabelled));
  const Matrix y = matrix(conv.forward(Variable(x), small_graph(), ctx).value());
  const Matrix z = matrix(conv.forward(Variable(moved), other, ctx).value());
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t c = 0; c < 4; ++c) {
      CHECK(z[static_cast<std::size_t>(label[i])][c] == Approx(y[i][c]).epsilon(1e-12));
    }
  }
}

TEMPLATE_TEST_CASE("attention layers: NaN reaches the nodes that hear its node, and no others",
                   "[nn]", Gat, Gatv2, Transformer) {
  nn::Initializer init(0);
  const typename TestType::Layer conv({.in_channels = 3, .out_channels = 2, .heads = 2}, init);
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

TEMPLATE_TEST_CASE("attention layers: large logits do not overflow", "[nn]", Gat, Gatv2,
                   Transformer) {
  nn::Initializer init(0);
  typename TestType::Layer conv({.in_channels = 3, .out_channels = 2, .heads = 2}, init);
  testing::randomize(conv, 3, 100);
  const Variable x(testing::random_tensor({4, 3}, 1, core::DType::f32), true);
  ForwardContext ctx;
  const Variable y = conv.forward(x, small_graph(), ctx);
  backward(testing::weighted_sum(y));
  for (const Tensor& tensor : {y.value(), x.grad()}) {
    for (const double value : testing::values(tensor)) {
      REQUIRE(std::isfinite(value));
    }
  }
}

TEMPLATE_TEST_CASE("attention layers: same bits on 1, 2 and 8 threads", "[nn][property]", Gat,
                   Gatv2, Transformer) {
  constexpr std::int64_t kNodes = 3000;
  const graph::Graph graph = testing::random_graph(kNodes, 12000);
  nn::Initializer init(0);
  typename TestType::Layer conv({.in_channels = 20,
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
    std::vector<Tensor> tensors = gradients(conv);
    tensors.push_back(y.value());
    tensors.push_back(x.grad());
    return tensors;
  });
}

TEMPLATE_TEST_CASE("attention layers: refuse options that make no layer", "[nn]", Gat, Gatv2,
                   Transformer) {
  using Options = typename TestType::Options;
  const std::string who = TestType::kName;
  nn::Initializer init(0);
  const auto refusal = [&](const Options& options) {
    return message_of<InvalidArgument>([&] { const typename TestType::Layer conv(options, init); });
  };
  CHECK(refusal({.in_channels = 3, .out_channels = 2, .heads = 0}) ==
        who + ": heads must be 1 to 2147483647, got 0");
  CHECK(refusal({.out_channels = 2}) == who + ": in_channels must be 1 to 2147483647, got 0");
  CHECK(refusal({.in_channels = 3}) == who + ": out_channels must be 1 to 2147483647, got 0");
  CHECK(refusal({.in_channels = 3, .out_channels = 2, .dropout = 1}) ==
        who + ": dropout must be in [0, 1), got 1");
  CHECK(refusal({.in_channels = 3, .out_channels = 2, .attention_dropout = -0.5}) ==
        who + ": attention_dropout must be in [0, 1), got -0.5");
  CHECK(refusal({.in_channels = 3, .out_channels = 2, .value_dropout = 1}) ==
        who + ": value_dropout must be in [0, 1), got 1");
}

TEMPLATE_TEST_CASE("attention layers: dropped values leave the coefficients as they are", "[nn]",
                   Gat, Gatv2, Transformer) {
  const auto coefficients = [](double value_dropout) {
    nn::Initializer init(0);
    const typename TestType::Layer conv(
        {.in_channels = 2, .out_channels = 2, .heads = 3, .value_dropout = value_dropout}, init);
    testing::ReceivedCoefficients sink;
    ForwardContext ctx = training();
    ctx.attention_sink = &sink;
    (void)conv.forward(testing::random_leaf({4, 2}, 1, core::DType::f32), small_graph(), ctx);
    return sink.received.at(0);
  };
  CHECK(same_bits(coefficients(0), coefficients(0.5)));
}

TEMPLATE_TEST_CASE("attention layers: refuse features and graphs that do not fit", "[nn]", Gat,
                   Gatv2, Transformer) {
  const std::string who = std::string(TestType::kName) + "::forward: ";
  nn::Initializer init(0);
  const typename TestType::Layer conv(
      {.in_channels = 3, .out_channels = 2, .expect_self_loops = true}, init);
  const auto refusal = [&](const core::Shape& shape) {
    return message_of<ShapeError>([&] {
      ForwardContext ctx;
      (void)conv.forward(Variable(Tensor::zeros(shape)), small_graph(), ctx);
    });
  };
  const std::string expected = who + "x must be [num_nodes=4, in_channels=3], got ";
  CHECK(refusal({4, 2}) == expected + "[4, 2]");
  CHECK(refusal({5, 3}) == expected + "[5, 3]");
  CHECK(refusal({12}) == expected + "[12]");
  const Variable doubles(Tensor::zeros({4, 3}, core::DType::f64));
  ForwardContext ctx;
  CHECK_THROWS_AS((void)conv.forward(doubles, small_graph(), ctx), ShapeError);
  const std::vector<graph::Edge> edges = {{0, 0}, {2, 2}, {0, 1}};
  CHECK(message_of<InvalidArgument>([&] {
          (void)conv.forward(Variable(Tensor::zeros({3, 3})), graph::from_edges(3, edges), ctx);
        }) == who +
                  "graph must have a self-loop at every node, node 1 has none; pass "
                  "graph::with_self_loops(graph), or set expect_self_loops = false");
}
