#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "dense_attention.hpp"
#include "layer_test_support.hpp"
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
using core::Tensor;
using nn::ForwardContext;
using nn::GATConv;
using nn::GATConvOptions;
using testing::Matrix;
using testing::matrix;
using testing::parameter;
using testing::small_graph;
using testing::training;
using testing::values;

namespace {

Matrix dense_gat(const GATConv& conv, const GATConvOptions& options, const Tensor& x,
                 const graph::Graph& graph) {
  const Matrix z = testing::product(matrix(x), matrix(parameter(conv, "weight").value()));
  const Matrix a_src = matrix(parameter(conv, "att_src").value());
  const Matrix a_dst = matrix(parameter(conv, "att_dst").value());
  const auto channels = static_cast<std::size_t>(options.out_channels);
  const auto logit = [&](std::size_t i, std::size_t j, std::size_t h) {
    double score = 0;
    for (std::size_t c = 0; c < channels; ++c) {
      score += a_dst[h][c] * z[i][h * channels + c] + a_src[h][c] * z[j][h * channels + c];
    }
    return score > 0 ? score : options.negative_slope * score;
  };
  return testing::plus_row(testing::dense_attention(graph, static_cast<std::size_t>(options.heads),
                                                    logit, z, options.concat),
                           values(parameter(conv, "bias").value()));
}

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
      REQUIRE(testing::max_difference(found, dense_gat(conv, options, x, graph)) < tolerance);
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

TEST_CASE("GATConv: reports a_dst * z as queries and a_src * z as keys", "[nn]") {
  nn::Initializer init(0);
  GATConv conv({.in_channels = 2, .out_channels = 2, .heads = 2}, init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 3);
  testing::ReceivedHeads heads;
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

TEST_CASE("GATConv: the logit is made of the two numbers that are reported instead of heads",
          "[nn]") {
  GATConvOptions options{.in_channels = 2, .out_channels = 3, .heads = 2};
  nn::Initializer init(0);
  const GATConv by_product(options, init);
  options.reported = nn::GATHeads::logit;
  nn::Initializer same_seed(0);
  const GATConv by_logit(options, same_seed);
  const Variable x = testing::random_leaf({4, 2}, 1, core::DType::f32);
  testing::ReceivedHeads products;
  testing::ReceivedHeads logits;
  ForwardContext ctx;
  ctx.head_sink = &products;
  const Tensor y = by_product.forward(x, small_graph(), ctx).value();
  ctx.head_sink = &logits;
  CHECK(testing::same_bits(by_logit.forward(x, small_graph(), ctx).value(), y));
  const auto check = [](const Variable& scalars, const Variable& vectors) {
    REQUIRE(scalars.shape() == core::Shape{4, 2, 1});
    const std::vector<double> found = values(scalars.value());
    const std::vector<double> terms = values(vectors.value());
    for (std::size_t k = 0; k < found.size(); ++k) {
      CHECK(found[k] == Approx(terms[3 * k] + terms[3 * k + 1] + terms[3 * k + 2]).margin(1e-6));
    }
  };
  check(logits.received.at(0).queries, products.received.at(0).queries);
  check(logits.received.at(0).keys, products.received.at(0).keys);
}

TEST_CASE("GATConv: derivatives through reported logits agree with differences", "[nn][gradient]") {
  nn::Initializer init(0);
  GATConv conv({.in_channels = 3, .out_channels = 2, .heads = 2, .reported = nn::GATHeads::logit},
               init);
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

TEST_CASE("GATConv: sparse features pass an identity residual as dense ones", "[nn]") {
  nn::Initializer init(0);
  const GATConv conv({.in_channels = 4, .out_channels = 2, .heads = 2, .residual = true}, init);
  const sparse::CsrMatrix x(4, {0, 2, 2, 3, 5}, {0, 2, 1, 0, 3},
                            Tensor::from<float>({1, 2, 3, -1, 0.5}, {5}));
  ForwardContext ctx;
  CHECK(testing::max_difference(
            conv.forward(x, small_graph(), ctx).value(),
            conv.forward(Variable(sparse::to_dense(x)), small_graph(), ctx).value()) < 1e-6);
}

TEST_CASE("GATConv: refuses a slope that is not finite", "[nn]") {
  nn::Initializer init(0);
  const GATConvOptions options{.in_channels = 3,
                               .out_channels = 2,
                               .negative_slope = std::numeric_limits<double>::infinity()};
  CHECK(testing::message_of<InvalidArgument>([&] { const GATConv conv(options, init); }) ==
        "GATConv: negative_slope must be finite, got inf");
}
