#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dense_attention.hpp"
#include "layer_test_support.hpp"
#include "support/awkward_graphs.hpp"
#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/nn/transformer_conv.hpp>
#include <attune/ops/activations.hpp>

using namespace attune;
using core::Tensor;
using nn::ForwardContext;
using nn::TransformerConv;
using nn::TransformerConvOptions;
using testing::Matrix;
using testing::matrix;
using testing::parameter;
using testing::product;
using testing::values;

namespace {

// What the layer projects its input to, by its parameters.
Matrix projected(const TransformerConv& conv, const std::string& what, const Tensor& x) {
  return product(matrix(x), matrix(parameter(conv, what + "_weight").value()),
                 values(parameter(conv, what + "_bias").value()));
}

// (1 - g) m + g r with g = sigmoid([m, r, m - r] . w) for every row.
Matrix gated(const TransformerConv& conv, Matrix m, const Matrix& r) {
  const Matrix heads = matrix(parameter(conv, "beta_heads").value());
  const Matrix skip = matrix(parameter(conv, "beta_skip").value());
  const Matrix difference = matrix(parameter(conv, "beta_difference").value());
  for (std::size_t i = 0; i < m.size(); ++i) {
    double logit = 0;
    for (std::size_t c = 0; c < m[i].size(); ++c) {
      logit +=
          m[i][c] * heads[c][0] + r[i][c] * skip[c][0] + (m[i][c] - r[i][c]) * difference[c][0];
    }
    const double gate = 1 / (1 + std::exp(-logit));
    for (std::size_t c = 0; c < m[i].size(); ++c) {
      m[i][c] = (1 - gate) * m[i][c] + gate * r[i][c];
    }
  }
  return m;
}

Matrix dense_transformer(const TransformerConv& conv, const TransformerConvOptions& options,
                         const Tensor& x, const graph::Graph& graph) {
  const Matrix queries = projected(conv, "query", x);
  const Matrix keys = projected(conv, "key", x);
  const auto channels = static_cast<std::size_t>(options.out_channels);
  const auto logit = [&](std::size_t i, std::size_t j, std::size_t h) {
    double dot = 0;
    for (std::size_t c = h * channels; c < (h + 1) * channels; ++c) {
      dot += queries[i][c] * keys[j][c];
    }
    return dot / std::sqrt(static_cast<double>(channels));
  };
  const Matrix attended =
      testing::dense_attention(graph, static_cast<std::size_t>(options.heads), logit,
                               projected(conv, "value", x), options.concat);
  if (!options.root_weight) {
    return attended;
  }
  const Matrix skip = projected(conv, "skip", x);
  return options.beta ? gated(conv, attended, skip) : testing::sum(attended, skip);
}

}  // namespace

TEST_CASE("TransformerConv: is the dense definition on awkward graphs, as they are and looped",
          "[nn]") {
  TransformerConvOptions options{.in_channels = 5, .out_channels = 4, .heads = 3};
  SECTION("skip projection added") {}
  SECTION("skip projection mixed in") {
    options.beta = true;
  }
  SECTION("no skip projection, whose gate then means nothing") {
    options.root_weight = false;
    options.beta = true;
  }
  options.concat = GENERATE(true, false);
  const core::DType dtype = GENERATE(core::DType::f64, core::DType::f32);
  // Roundings of sums of a few dozen numbers of order one.
  const double tolerance = dtype == core::DType::f64 ? 1e-12 : 1e-5;
  nn::Initializer init(0);
  TransformerConv conv(options, init);
  conv.to(dtype);
  testing::randomize(conv, 5);
  for (const testing::AwkwardGraph& awkward : testing::awkward_graphs()) {
    for (const graph::Graph& graph : {awkward.graph, graph::with_self_loops(awkward.graph)}) {
      CAPTURE(awkward.name, options.concat, core::to_string(dtype));
      const Tensor x = testing::random_tensor({graph.num_nodes(), 5}, 9, dtype);
      ForwardContext ctx;
      const Matrix found = matrix(conv.forward(Variable(x), graph, ctx).value());
      const Matrix expected = dense_transformer(conv, options, x, graph);
      REQUIRE(testing::max_difference(found, expected) < tolerance);
    }
  }
}

TEST_CASE("TransformerConv: a node without in-edges yields its skip projection", "[nn]") {
  nn::Initializer init(0);
  TransformerConv conv({.in_channels = 2, .out_channels = 3, .heads = 2}, init);
  testing::randomize(conv, 5);
  const std::vector<graph::Edge> edges = {{1, 0}};
  ForwardContext ctx;
  const Variable x = testing::random_leaf({2, 2}, 1, core::DType::f32);
  const Matrix y = matrix(conv.forward(x, graph::from_edges(2, edges), ctx).value());
  const Matrix skip = projected(conv, "skip", x.value());
  CHECK(testing::max_difference({y[1]}, {skip[1]}) < 1e-6);
  CHECK(testing::max_difference({y[0]}, {skip[0]}) > 1e-3);
}

TEST_CASE("TransformerConv: derivatives agree with central differences", "[nn][gradient]") {
  TransformerConvOptions options{.in_channels = 3, .out_channels = 2, .heads = 2};
  std::size_t parameters = 8;
  SECTION("concatenated heads") {}
  SECTION("averaged heads") {
    options.concat = false;
  }
  SECTION("one head") {
    options.heads = 1;
  }
  SECTION("no bias") {
    options.bias = false;
    parameters = 4;
  }
  SECTION("no skip projection") {
    options.root_weight = false;
    parameters = 6;
  }
  SECTION("beta") {
    options.beta = true;
    parameters = 11;
  }
  SECTION("beta without bias, averaged heads, ReLU") {
    options.beta = true;
    options.bias = false;
    options.concat = false;
    options.activation = nn::Activation::relu;
    parameters = 7;
  }
  SECTION("ELU") {
    options.activation = nn::Activation::elu;
  }
  SECTION("ELU without bias") {
    options.activation = nn::Activation::elu;
    options.bias = false;
    parameters = 4;
  }
  SECTION("dropout on input and coefficients") {
    options.dropout = 0.4;
    options.attention_dropout = 0.4;
  }
  nn::Initializer init(0);
  TransformerConv conv(options, init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 11);
  const Variable x = testing::random_leaf({4, 3}, 2);
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

TEST_CASE("TransformerConv: the activation comes after the skip projection", "[nn]") {
  const bool beta = GENERATE(false, true);
  TransformerConvOptions options{.in_channels = 3, .out_channels = 2, .heads = 2, .beta = beta};
  nn::Initializer init(0);
  const TransformerConv plain(options, init);
  options.activation = nn::Activation::elu;
  nn::Initializer again(0);
  const TransformerConv activated(options, again);
  const Variable x = testing::random_leaf({4, 3}, 1, core::DType::f32);
  ForwardContext ctx;
  const Variable y = plain.forward(x, testing::small_graph(), ctx);
  CHECK(testing::max_difference(activated.forward(x, testing::small_graph(), ctx).value(),
                                ops::elu(y).value()) < 1e-6);
}

TEST_CASE("TransformerConv: reports queries and keys with their biases, not scaled", "[nn]") {
  nn::Initializer init(0);
  TransformerConv conv({.in_channels = 2, .out_channels = 2, .heads = 2}, init);
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
  const Matrix queries = projected(conv, "query", x.value());
  const Matrix keys = projected(conv, "key", x.value());
  CHECK(testing::max_difference(matrix(reported.queries.value()), queries) < 1e-14);
  CHECK(testing::max_difference(matrix(reported.keys.value()), keys) < 1e-14);
}

TEST_CASE("TransformerConv: takes graphs without self-loops unless told otherwise", "[nn]") {
  nn::Initializer init(0);
  const TransformerConv conv({.in_channels = 3, .out_channels = 2}, init);
  const graph::Graph bare = graph::from_edges(4, testing::small_edges());
  ForwardContext ctx;
  CHECK(conv.forward(Variable(Tensor::zeros({4, 3})), bare, ctx).shape() == core::Shape{4, 2});
}
