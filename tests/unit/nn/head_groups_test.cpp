// Layers that project some of their heads at a time.
#include "nn/head_groups.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "layer_test_support.hpp"
#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/core/pool.hpp>
#include <attune/nn/gatv2_conv.hpp>
#include <attune/nn/transformer_conv.hpp>

using namespace attune;
using core::Tensor;
using nn::ForwardContext;
using testing::random_leaf;
using testing::random_tensor;
using testing::training;

namespace {

constexpr std::int64_t kNodes = 16500;
constexpr std::int64_t kIn = 12;
constexpr std::int64_t kHeads = 4;
constexpr std::int64_t kChannels = 64;
constexpr auto kFloat = core::DType::f32;

// Every node attends to itself and some others.
graph::Graph whole_graph(std::int64_t others = 2) {
  std::vector<graph::Edge> edges;
  for (std::int64_t i = 0; i < kNodes; ++i) {
    edges.push_back({.src = i, .dst = i});
    for (std::int64_t k = 0; k < others; ++k) {
      edges.push_back({.src = (i * (7 + 6 * k) + k + 1) % kNodes, .dst = i});
    }
  }
  return graph::from_edges(kNodes, edges, {.duplicates = graph::Duplicates::keep});
}

// The first 9,000 nodes of them attend.
graph::Graph block() {
  const std::int64_t num_dst = 9000;
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  for (std::int64_t i = 0; i < num_dst; ++i) {
    const auto other = static_cast<std::int32_t>((i * 7 + 1) % kNodes);
    const auto self = static_cast<std::int32_t>(i);
    col_idx.insert(col_idx.end(), {std::min(other, self), std::max(other, self)});
    row_ptr.push_back(std::ssize(col_idx));
  }
  return graph::Graph::block(std::move(row_ptr), std::move(col_idx),
                             std::vector<std::int64_t>(kNodes, 2));
}

struct Gatv2 {
  using Layer = nn::GATv2Conv;
  using Options = nn::GATv2ConvOptions;
  static constexpr std::int64_t kProjections = 2;
};

struct Transformer {
  using Layer = nn::TransformerConv;
  using Options = nn::TransformerConvOptions;
  static constexpr std::int64_t kProjections = 3;
};

template <class Kind>
std::unique_ptr<typename Kind::Layer> make_layer(double dropout = 0) {
  typename Kind::Options options;
  options.in_channels = kIn;
  options.out_channels = kChannels;
  options.heads = kHeads;
  options.attention_dropout = dropout;
  nn::Initializer init(0);
  auto layer = std::make_unique<typename Kind::Layer>(options, init);
  testing::randomize(*layer, 3, 0.2);
  return layer;
}

struct Result {
  Tensor y;
  std::vector<Tensor> grads;  // of the features, then of the parameters
};

Result run(const nn::GraphLayer& layer, const graph::Graph& graph, ForwardContext ctx) {
  Variable x = random_leaf({kNodes, kIn}, 1, kFloat);
  const Variable y = layer.forward(x, graph, ctx);
  testing::zero_grad(layer);
  backward(y, random_tensor(y.shape(), 2, kFloat));
  Result result{y.value(), {x.grad()}};
  for (const nn::NamedParameter& named : layer.parameters()) {
    result.grads.push_back(named.variable.grad());
  }
  return result;
}

// Largest difference over the largest number.
double error(const Tensor& a, const Tensor& b) {
  double most = 0;
  for (const double value : testing::values(b)) {
    most = std::max(most, std::abs(value));
  }
  return testing::max_difference(a, b) / most;
}

}  // namespace

TEMPLATE_TEST_CASE("layers of some heads at a time: results are those of all heads at once", "[nn]",
                   Gatv2, Transformer) {
  const auto layer = make_layer<TestType>();
  for (const graph::Graph& graph : {whole_graph(), block()}) {
    REQUIRE(nn::heads_a_group({.edges = graph.num_edges(),
                               .nodes = graph.num_src(),
                               .in_channels = kIn,
                               .heads = kHeads,
                               .channels = kChannels,
                               .projections = TestType::kProjections}) < kHeads);
    const Result grouped = run(*layer, graph, ForwardContext());
    testing::ReceivedCoefficients sink;
    ForwardContext asked;
    asked.attention_sink = &sink;  // for coefficients of all heads, so that they come at once
    const Result whole = run(*layer, graph, asked);
    REQUIRE(sink.received.size() == 1);
    CHECK(error(grouped.y, whole.y) < 1e-5);
    for (std::size_t i = 0; i < whole.grads.size(); ++i) {
      CAPTURE(i, graph.num_dst());
      // The bias of keys changes no coefficient: what is left of its derivative is rounding.
      const bool nothing = testing::max_difference(whole.grads[i], grouped.grads[i]) < 1e-2 &&
                           error(whole.grads[i], grouped.grads[i]) > 1e-4;
      CHECK((nothing || error(grouped.grads[i], whole.grads[i]) < 1e-4));
    }
  }
}

TEMPLATE_TEST_CASE("layers of some heads at a time: dropped coefficients are dropped going back",
                   "[nn]", Gatv2, Transformer) {
  const auto layer = make_layer<TestType>(0.5);
  const graph::Graph graph = whole_graph();
  const Variable x = random_leaf({kNodes, kIn}, 1, kFloat);
  const Tensor upstream = random_tensor({kNodes, kHeads * kChannels}, 2, kFloat);
  const Variable bias =
      testing::parameter(*layer, TestType::kProjections == 2 ? "src_bias" : "value_bias");
  const auto value_of = [&] {
    ForwardContext ctx = training();
    const Tensor y = layer->forward(x, graph, ctx).value();
    double sum = 0;
    for (std::int64_t i = 0; i < y.num_elements(); ++i) {
      sum += static_cast<double>(y.data<float>()[i]) * upstream.data<float>()[i];
    }
    return sum;
  };
  ForwardContext ctx = training();
  backward(layer->forward(x, graph, ctx), upstream);
  const std::size_t at = 77;
  const float step = 0.25F;
  float& element = Variable(bias).mutable_value().mutable_data<float>()[at];
  const double recorded = bias.grad().data<float>()[at];
  element += step;
  const double above = value_of();
  element -= 2 * step;
  const double below = value_of();
  CHECK((above - below) / (2 * step) == Approx(recorded).epsilon(0.02));
}

TEMPLATE_TEST_CASE("layers of some heads at a time: the same bits on any number of threads", "[nn]",
                   Gatv2, Transformer) {
  const auto layer = make_layer<TestType>(0.5);
  const graph::Graph graph = whole_graph();
  testing::require_same_bits_on_any_threads([&] {
    Result result = run(*layer, graph, training());
    result.grads.push_back(result.y);
    return result.grads;
  });
}

TEMPLATE_TEST_CASE("layers of some heads at a time: memory stays within output and gradients",
                   "[nn]", Gatv2, Transformer) {
  const auto layer = make_layer<TestType>();
  const graph::Graph graph = whole_graph(19);
  Variable x = random_leaf({kNodes, kIn}, 1, kFloat);
  const Tensor upstream = random_tensor({kNodes, kHeads * kChannels}, 2, kFloat);
  const std::int64_t before = core::pool_statistics().bytes_in_use;
  core::reset_pool_peak();
  ForwardContext ctx;
  backward(layer->forward(x, graph, ctx), upstream);
  const std::int64_t peak = core::pool_statistics().peak_bytes_in_use - before;
  const std::int64_t allowed =
      4 * (kNodes * (kHeads * kChannels + kIn) + 4 * graph.num_edges() * kHeads);
  CHECK(peak <= allowed);
}

TEST_CASE("layers of some heads at a time: small layers and roomy ones take all", "[nn]") {
  const auto group = [](std::int64_t nodes, std::int64_t degree, std::int64_t heads,
                        std::int64_t channels, std::int64_t projections) {
    return nn::heads_a_group({.edges = nodes * degree,
                              .nodes = nodes,
                              .in_channels = 128,
                              .heads = heads,
                              .channels = channels,
                              .projections = projections});
  };
  CHECK(group(2708, 5, 8, 8, 3) == 8);
  CHECK(group(10000, 5, 4, 64, 3) == 4);
  CHECK(group(1000000, 10, 8, 8, 3) == 8);
  CHECK(group(1000000, 10, 4, 64, 2) == 1);
  CHECK(group(1000000, 10, 4, 64, 3) == 1);
  CHECK(group(1000000, 10, 3, 64, 3) == 1);  // two do not divide three
  CHECK(group(1000000, 1, 1, 4096, 3) == 1);
}
