// Attention layers that look at features of edges.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dense_attention.hpp"
#include "layer_test_support.hpp"
#include "support/awkward_graphs.hpp"
#include "support/parameters.hpp"
#include "support/random_graph.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/pool.hpp>
#include <attune/nn/gat_conv.hpp>
#include <attune/nn/gatv2_conv.hpp>
#include <attune/nn/gcn_conv.hpp>
#include <attune/nn/transformer_conv.hpp>
#include <attune/sparse/edge_features.hpp>

using namespace attune;
using core::Tensor;
using nn::ForwardContext;
using testing::Matrix;
using testing::matrix;
using testing::message_of;
using testing::parameter;
using testing::product;
using testing::values;

namespace {

constexpr std::int64_t kIn = 3;
constexpr std::int64_t kOut = 4;
constexpr std::int64_t kHeads = 3;
constexpr std::int64_t kEdge = 5;

// Sum over the channels of a head of f(column).
double over_head(std::size_t h, const std::function<double(std::size_t)>& f) {
  double sum = 0;
  for (std::size_t c = 0; c < kOut; ++c) {
    sum += f(h * kOut + c);
  }
  return sum;
}

double leaky(double x) {
  return x > 0 ? x : 0.2 * x;
}

Matrix weight_of(const nn::Module& conv, const std::string& name) {
  return matrix(parameter(conv, name).value());
}

// Every edge's features projected to all heads, and the logit and message of each edge from that.
struct Definition {
  std::function<double(std::size_t i, std::size_t j, std::size_t e, std::size_t h)> logit;
  std::function<double(std::size_t j, std::size_t e, std::size_t column)> message;
};

Matrix attended(const graph::Graph& graph, const Definition& layer) {
  const graph::CsrView in = graph.in_edges();
  Matrix y(static_cast<std::size_t>(graph.num_nodes()), std::vector<double>(kHeads * kOut, 0));
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t h = 0; h < kHeads; ++h) {
      double total = 0;
      for (auto e = static_cast<std::size_t>(in.row_ptr[i]);
           e < static_cast<std::size_t>(in.row_ptr[i + 1]); ++e) {
        const auto j = static_cast<std::size_t>(in.col_idx[e]);
        const double weight = std::exp(layer.logit(i, j, e, h));
        total += weight;
        for (std::size_t c = h * kOut; c < (h + 1) * kOut; ++c) {
          y[i][c] += weight * layer.message(j, e, c);
        }
      }
      for (std::size_t c = h * kOut; c < (h + 1) * kOut && total > 0; ++c) {
        y[i][c] /= total;
      }
    }
  }
  return y;
}

struct Gat {
  using Layer = nn::GATConv;
  using Options = nn::GATConvOptions;
  static constexpr const char* kName = "GATConv";
  static constexpr std::size_t kParameters = 6;

  static Matrix dense(const Layer& conv, const graph::Graph& graph, const Matrix& x,
                      const Matrix& features) {
    const Matrix z = product(x, weight_of(conv, "weight"));
    const Matrix f = product(features, weight_of(conv, "edge_weight"));
    const auto dst = values(parameter(conv, "att_dst").value());
    const auto src = values(parameter(conv, "att_src").value());
    const auto edge = values(parameter(conv, "att_edge").value());
    const auto logit = [&](std::size_t i, std::size_t j, std::size_t e, std::size_t h) {
      return leaky(over_head(h, [&](std::size_t c) {
        return dst[c] * z[i][c] + src[c] * z[j][c] + edge[c] * f[e][c];
      }));
    };
    const auto message = [&](std::size_t j, std::size_t, std::size_t c) { return z[j][c]; };
    return testing::plus_row(attended(graph, {logit, message}),
                             values(parameter(conv, "bias").value()));
  }
};

struct Gatv2 {
  using Layer = nn::GATv2Conv;
  using Options = nn::GATv2ConvOptions;
  static constexpr const char* kName = "GATv2Conv";
  static constexpr std::size_t kParameters = 7;

  static Matrix dense(const Layer& conv, const graph::Graph& graph, const Matrix& x,
                      const Matrix& features) {
    const Matrix keys =
        product(x, weight_of(conv, "src_weight"), values(parameter(conv, "src_bias").value()));
    const Matrix queries =
        product(x, weight_of(conv, "dst_weight"), values(parameter(conv, "dst_bias").value()));
    const Matrix f = product(features, weight_of(conv, "edge_weight"));
    const auto att = values(parameter(conv, "att").value());
    const auto logit = [&](std::size_t i, std::size_t j, std::size_t e, std::size_t h) {
      return over_head(
          h, [&](std::size_t c) { return att[c] * leaky(queries[i][c] + keys[j][c] + f[e][c]); });
    };
    const auto message = [&](std::size_t j, std::size_t, std::size_t c) { return keys[j][c]; };
    return testing::plus_row(attended(graph, {logit, message}),
                             values(parameter(conv, "bias").value()));
  }
};

struct Transformer {
  using Layer = nn::TransformerConv;
  using Options = nn::TransformerConvOptions;
  static constexpr const char* kName = "TransformerConv";
  static constexpr std::size_t kParameters = 9;

  static Matrix dense(const Layer& conv, const graph::Graph& graph, const Matrix& x,
                      const Matrix& features) {
    const auto of = [&](const std::string& name) {
      return product(x, weight_of(conv, name + "_weight"),
                     values(parameter(conv, name + "_bias").value()));
    };
    const Matrix queries = of("query");
    const Matrix keys = of("key");
    const Matrix v = of("value");
    const Matrix f = product(features, weight_of(conv, "edge_weight"));
    const auto logit = [&](std::size_t i, std::size_t j, std::size_t e, std::size_t h) {
      return over_head(h, [&](std::size_t c) { return queries[i][c] * (keys[j][c] + f[e][c]); }) /
             std::sqrt(static_cast<double>(kOut));
    };
    const auto message = [&](std::size_t j, std::size_t e, std::size_t c) {
      return v[j][c] + f[e][c];
    };
    return testing::sum(attended(graph, {logit, message}), of("skip"));
  }
};

template <class Kind>
typename Kind::Options options() {
  typename Kind::Options options;
  options.in_channels = kIn;
  options.out_channels = kOut;
  options.heads = kHeads;
  options.expect_self_loops = false;
  options.edge_channels = kEdge;
  return options;
}

}  // namespace

TEMPLATE_TEST_CASE("features of edges: layers are their definition on awkward graphs", "[nn]", Gat,
                   Gatv2, Transformer) {
  const core::DType dtype = GENERATE(core::DType::f64, core::DType::f32);
  // Roundings of sums of a few dozen numbers of order one.
  const double tolerance = dtype == core::DType::f64 ? 1e-12 : 2e-5;
  nn::Initializer init(0);
  typename TestType::Layer conv(options<TestType>(), init);
  conv.to(dtype);
  testing::randomize(conv, 5);
  for (const testing::AwkwardGraph& awkward : testing::awkward_graphs()) {
    for (const graph::Graph& graph : {awkward.graph, graph::with_self_loops(awkward.graph)}) {
      CAPTURE(awkward.name, core::to_string(dtype));
      const Tensor x = testing::random_tensor({graph.num_nodes(), kIn}, 9, dtype);
      const Tensor edges = testing::random_tensor({graph.num_edges(), kEdge}, 8, dtype);
      ForwardContext ctx;
      const Variable y = conv.forward_with_edges(Variable(x), graph, Variable(edges), ctx);
      const Matrix expected = TestType::dense(conv, graph, matrix(x), matrix(edges));
      REQUIRE(testing::max_difference(matrix(y.value()), expected) < tolerance);
    }
  }
}

TEMPLATE_TEST_CASE("features of edges: a node without in-edges yields what it does without them",
                   "[nn]", Gat, Gatv2, Transformer) {
  nn::Initializer init(0);
  typename TestType::Layer conv(options<TestType>(), init);
  testing::randomize(conv, 5);
  const graph::Graph graph = graph::from_edges(2, std::vector<graph::Edge>{{1, 0}});
  const Variable x = testing::random_leaf({2, kIn}, 1, core::DType::f32);
  const auto row_of_node_1 = [&](std::uint64_t seed) {
    ForwardContext ctx;
    const Variable edges = testing::random_leaf({1, kEdge}, seed, core::DType::f32);
    return matrix(conv.forward_with_edges(x, graph, edges, ctx).value())[1];
  };
  CHECK(row_of_node_1(2) == row_of_node_1(3));
}

TEMPLATE_TEST_CASE("features of edges: derivatives agree with central differences",
                   "[nn][gradient]", Gat, Gatv2, Transformer) {
  typename TestType::Options layer = options<TestType>();
  SECTION("concatenated heads") {}
  SECTION("averaged heads, ELU") {
    layer.concat = false;
    layer.activation = nn::Activation::elu;
  }
  SECTION("one head") {
    layer.heads = 1;
  }
  SECTION("dropout on input, coefficients and values") {
    layer.dropout = 0.4;
    layer.attention_dropout = 0.4;
    layer.value_dropout = 0.4;
  }
  nn::Initializer init(0);
  typename TestType::Layer conv(layer, init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 7);
  const graph::Graph graph = testing::small_graph();
  const Variable x = testing::random_leaf({4, kIn}, 2);
  const Variable edges = testing::random_leaf({graph.num_edges(), kEdge}, 3);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(conv);
  CHECK(inputs.size() == TestType::kParameters);
  inputs.push_back({"x", x});
  inputs.push_back({"edge_features", edges});
  testing::require_gradients(
      [&] {
        ForwardContext ctx = testing::training();
        return testing::weighted_sum(conv.forward_with_edges(x, graph, edges, ctx));
      },
      inputs);
}

TEMPLATE_TEST_CASE("features of edges: those of a caller's edges are learned through the order",
                   "[nn][gradient]", Gat, Gatv2, Transformer) {
  nn::Initializer init(0);
  typename TestType::Layer conv(options<TestType>(), init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 7);
  const graph::Graph graph = testing::small_graph();
  const Variable x = testing::random_leaf({4, kIn}, 2);
  const Variable listed = testing::random_leaf({std::ssize(testing::small_edges()), kEdge}, 3);
  testing::require_gradients(
      [&] {
        ForwardContext ctx;
        return testing::weighted_sum(
            conv.forward_with_edges(x, graph, sparse::order_edge_features(graph, listed), ctx));
      },
      {{"listed", listed}});
}

TEMPLATE_TEST_CASE("features of edges: other parameters and what is reported do not change", "[nn]",
                   Gat, Gatv2, Transformer) {
  typename TestType::Options layer = options<TestType>();
  nn::Initializer first(5);
  const typename TestType::Layer seeing(layer, first);
  layer.edge_channels = 0;
  nn::Initializer second(5);
  const typename TestType::Layer plain(layer, second);
  for (const nn::NamedParameter& named : plain.parameters()) {
    CHECK(testing::same_bits(named.variable.value(), parameter(seeing, named.name).value()));
  }
  const graph::Graph graph = testing::small_graph();
  const Variable x = testing::random_leaf({4, kIn}, 1, core::DType::f32);
  testing::ReceivedHeads heads;
  testing::ReceivedCoefficients alpha;
  ForwardContext ctx;
  ctx.head_sink = &heads;
  ctx.attention_sink = &alpha;
  (void)plain.forward(x, graph, ctx);
  const Variable edges = testing::random_leaf({graph.num_edges(), kEdge}, 3, core::DType::f32);
  (void)seeing.forward_with_edges(x, graph, edges, ctx);
  REQUIRE(heads.received.size() == 2);
  CHECK(testing::same_bits(heads.received[0].queries.value(), heads.received[1].queries.value()));
  CHECK(testing::same_bits(heads.received[0].keys.value(), heads.received[1].keys.value()));
  REQUIRE(alpha.received[1].shape() == alpha.received[0].shape());
  CHECK(testing::max_difference(alpha.received[0], alpha.received[1]) > 1e-3);
}

TEMPLATE_TEST_CASE("features of edges: the same bits on any number of threads",
                   "[nn][property][threads]", Gat, Gatv2, Transformer) {
  typename TestType::Options layer = options<TestType>();
  layer.heads = 8;
  layer.out_channels = 8;
  layer.attention_dropout = 0.4;
  nn::Initializer init(0);
  const typename TestType::Layer conv(layer, init);
  const graph::Graph graph = testing::random_graph(3000, 20000);
  const Variable x = testing::random_leaf({3000, kIn}, 1, core::DType::f32);
  const Variable edges = testing::random_leaf({graph.num_edges(), kEdge}, 2, core::DType::f32);
  testing::require_same_bits_on_any_threads([&] {
    std::vector<Variable> leaves{x, edges};
    for (const nn::NamedParameter& named : conv.parameters()) {
      leaves.push_back(named.variable);
    }
    for (Variable& leaf : leaves) {
      leaf.zero_grad();
    }
    ForwardContext ctx = testing::training();
    const Variable y = conv.forward_with_edges(x, graph, edges, ctx);
    backward(testing::weighted_sum(y));
    std::vector<Tensor> results{y.value()};
    for (const Variable& leaf : leaves) {
      results.push_back(leaf.grad());
    }
    return results;
  });
}

TEMPLATE_TEST_CASE("features of edges: no layer holds a number an edge and channel",
                   "[nn][property]", Gat, Gatv2, Transformer) {
  typename TestType::Options layer = options<TestType>();
  layer.heads = 4;
  layer.out_channels = 64;
  nn::Initializer init(0);
  const typename TestType::Layer conv(layer, init);
  const graph::Graph graph = testing::random_graph(1000, 60000);
  const Variable x = testing::random_leaf({1000, kIn}, 1, core::DType::f32);
  const Variable edges = testing::random_leaf({graph.num_edges(), kEdge}, 2, core::DType::f32);
  const Tensor upstream = testing::random_tensor({1000, 4 * 64}, 3, core::DType::f32);
  const std::int64_t before = core::pool_statistics().bytes_in_use;
  core::reset_pool_peak();
  ForwardContext ctx;
  backward(conv.forward_with_edges(x, graph, edges, ctx), upstream);
  const std::int64_t peak = core::pool_statistics().peak_bytes_in_use - before;
  CHECK(peak < graph.num_edges() * 4 * 64 * 4 / 2);
}

TEMPLATE_TEST_CASE("features of edges: layers name those that do not fit", "[nn]", Gat, Gatv2,
                   Transformer) {
  nn::Initializer init(0);
  typename TestType::Options layer = options<TestType>();
  const typename TestType::Layer conv(layer, init);
  const graph::Graph graph = testing::small_graph();
  const Variable x(Tensor::zeros({4, kIn}));
  const std::string who = std::string(TestType::kName) + "::forward: ";
  ForwardContext ctx;
  CHECK(message_of<ShapeError>([&] { (void)conv.forward(x, graph, ctx); }) ==
        who +
            "edge_features must be [num_edges=9, edge_channels=5], got none; pass them to "
            "forward_with_edges()");
  const Variable narrow(Tensor::zeros({9, 4}));
  CHECK(message_of<ShapeError>([&] { (void)conv.forward_with_edges(x, graph, narrow, ctx); }) ==
        who + "edge_features must be [num_edges=9, edge_channels=5], got [9, 4]");
  layer.edge_channels = 0;
  const typename TestType::Layer plain(layer, init);
  CHECK(message_of<ShapeError>([&] { (void)plain.forward_with_edges(x, graph, narrow, ctx); }) ==
        who + "edge_features must be left out where edge_channels is 0, got [9, 4]");
  layer.edge_channels = -1;
  CHECK(message_of<InvalidArgument>([&] { const typename TestType::Layer bad(layer, init); }) ==
        std::string(TestType::kName) + ": edge_channels must be 1 to 2147483647, got -1");
}

TEST_CASE("features of edges: a layer that looks at none refuses them", "[nn]") {
  nn::Initializer init(0);
  const nn::GCNConv gcn({.in_channels = kIn, .out_channels = kOut}, init);
  const graph::Graph graph = testing::small_graph();
  const Variable x = testing::random_leaf({4, kIn}, 1, core::DType::f32);
  ForwardContext ctx;
  CHECK(message_of<InvalidArgument>([&] {
          (void)gcn.forward_with_edges(x, graph, Variable(Tensor::zeros({9, 4})), ctx);
        }) ==
        "GraphLayer::forward_with_edges: expected no edge_features, which this layer does not look "
        "at");
  CHECK(testing::same_bits(gcn.forward_with_edges(x, graph, Variable(), ctx).value(),
                           gcn.forward(x, graph, ctx).value()));
}
