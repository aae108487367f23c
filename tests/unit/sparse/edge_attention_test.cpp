// gatv2_attention and dot_attention with features of edges.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sparse/plain_kernels.hpp"
#include "sparse/row_parts.hpp"
#include "support/awkward_graphs.hpp"
#include "support/random_graph.hpp"
#include "support/random_values.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/sparse/dot_attention.hpp>
#include <attune/sparse/edge_features.hpp>
#include <attune/sparse/gatv2_attention.hpp>

namespace attune::sparse {
namespace {

using core::Tensor;
using testing::largest_error;
using testing::message_of;
using testing::random_graph;
using testing::random_tensor;
using testing::values_of;

struct Sizes {
  std::int64_t heads;
  std::int64_t channels;
  std::int64_t edge_channels;
};

template <class T>
EdgeFeatures random_edges(const graph::Graph& graph, const Sizes& s) {
  return {Variable(random_tensor<T>({graph.num_edges(), s.edge_channels}, 6), true),
          Variable(random_tensor<T>({s.edge_channels, s.heads * s.channels}, 7), true)};
}

template <class T>
Gatv2Inputs additive_inputs(const graph::Graph& graph, const Sizes& s) {
  return {.src = Variable(random_tensor<T>({graph.num_src(), s.heads, s.channels}, 1), true),
          .dst = Variable(random_tensor<T>({graph.num_dst(), s.heads, s.channels}, 2), true),
          .att = Variable(random_tensor<T>({s.heads, s.channels}, 3), true),
          .values = {},
          .edges = random_edges<T>(graph, s)};
}

template <class T>
DotInputs dot_inputs(const graph::Graph& graph, const Sizes& s) {
  return {.queries = Variable(random_tensor<T>({graph.num_dst(), s.heads, s.channels}, 1), true),
          .keys = Variable(random_tensor<T>({graph.num_src(), s.heads, s.channels}, 2), true),
          .values = Variable(random_tensor<T>({graph.num_src(), s.heads, s.channels}, 3), true),
          .edges = random_edges<T>(graph, s)};
}

// [num_edges, heads, channels], as the operations never have it.
template <class T>
std::vector<T> projected(const EdgeFeatures& edges) {
  const std::vector<T> features = values_of<T>(edges.features.value());
  const std::vector<T> weight = values_of<T>(edges.weight.value());
  const std::int64_t channels = edges.weight.shape()[0];
  const std::int64_t width = edges.weight.shape()[1];
  std::vector<T> all(static_cast<std::size_t>(edges.features.shape()[0] * width));
  for (std::int64_t n = 0; n < std::ssize(all); ++n) {
    for (std::int64_t d = 0; d < channels; ++d) {
      all[n] += features[n / width * channels + d] * weight[d * width + n % width];
    }
  }
  return all;
}

template <class T>
void require_twins(const graph::Graph& graph, const Sizes& s, double tolerance) {
  Tensor alpha;
  const Gatv2Inputs additive = additive_inputs<T>(graph, s);
  const auto src = values_of<T>(additive.src.value());
  const auto edges = projected<T>(additive.edges);
  Variable y = gatv2_attention(graph, additive, {}, nullptr, &alpha);
  auto expected =
      plain::gatv2_coefficients<T>(graph, s.heads, s.channels, values_of<T>(additive.dst.value()),
                                   src, values_of<T>(additive.att.value()), T(0.2), edges);
  CHECK(largest_error(values_of<T>(alpha), expected) < tolerance);
  CHECK(largest_error(values_of<T>(y.value()),
                      plain::aggregate(graph, s.heads, s.channels, expected, src)) < tolerance);

  const DotInputs dot = dot_inputs<T>(graph, s);
  y = dot_attention(graph, dot, {}, nullptr, &alpha);
  expected =
      plain::dot_coefficients<T>(graph, s.heads, s.channels, values_of<T>(dot.queries.value()),
                                 values_of<T>(dot.keys.value()), edges);
  CHECK(largest_error(values_of<T>(alpha), expected) < tolerance);
  CHECK(largest_error(values_of<T>(y.value()),
                      plain::aggregate(graph, s.heads, s.channels, expected,
                                       values_of<T>(dot.values.value()), edges)) < tolerance);
}

// Node 0 hears the others, 17000 times and more, and they hear it: features of the edges are those
// of a few kinds of them.
graph::Graph hub_of_kinds(std::int64_t nodes, std::int64_t degree, std::int64_t kinds) {
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  std::vector<std::int64_t> kind;
  for (std::int64_t i = 0; i < nodes; ++i) {
    for (std::int64_t e = 0; e < (i == 0 ? degree : 1); ++e) {
      col_idx.push_back(i == 0 ? static_cast<std::int32_t>(e * nodes / degree) : 0);
      kind.push_back(e % kinds);
    }
    row_ptr.push_back(std::ssize(col_idx));
  }
  return {std::move(row_ptr), std::move(col_idx), std::move(kind)};
}

}  // namespace

TEMPLATE_TEST_CASE("Attention with features of edges agrees with its plain twin", "[sparse]", float,
                   double) {
  const double tolerance = sizeof(TestType) == 4 ? 2e-4 : 1e-12;
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    for (const Sizes& s : {Sizes{1, 1, 1}, Sizes{3, 5, 2}, Sizes{8, 8, 4}, Sizes{4, 16, 9},
                           Sizes{2, 7, 17}, Sizes{9, 12, 32}, Sizes{1, 64, 33}, Sizes{5, 3, 64}}) {
      CAPTURE(name, s.heads, s.channels, s.edge_channels);
      require_twins<TestType>(graph, s, tolerance);
    }
  }
}

TEST_CASE("Attention with features of edges agrees with its plain twin on a hub and a large graph",
          "[sparse][hub]") {
  require_twins<double>(hub_of_kinds(300, kHubEdges + 700, 9), {3, 4, 5}, 1e-11);
  require_twins<double>(random_graph(700, 9000), {2, 9, 300}, 1e-10);
}

TEST_CASE("Derivatives of attention with features of edges pass the gradient check",
          "[sparse][gradient]") {
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const auto& awkward : testing::awkward_graphs()) {
    const graph::Graph& graph = awkward.graph;
    if (graph.num_nodes() == 0 || graph.num_nodes() > 20) {
      continue;
    }
    for (const Sizes& s : {Sizes{1, 3, 2}, Sizes{3, 4, 5}}) {
      CAPTURE(awkward.name, s.heads);
      Gatv2Inputs additive = additive_inputs<double>(graph, s);
      std::vector<autograd::NamedInput> inputs{{"src", additive.src},
                                               {"dst", additive.dst},
                                               {"att", additive.att},
                                               {"features", additive.edges.features},
                                               {"weight", additive.edges.weight}};
      if (s.heads == 3) {
        additive.values = Variable(random_tensor<double>(additive.src.shape(), 9), true);
        inputs.push_back({"values", additive.values});
      }
      testing::require_gradients(
          [&] {
            return testing::weighted_sum(
                gatv2_attention(graph, additive, {.dropout = 0.5}, &stream));
          },
          inputs);
      const DotInputs dot = dot_inputs<double>(graph, s);
      testing::require_gradients(
          [&] {
            return testing::weighted_sum(dot_attention(graph, dot, {.dropout = 0.5}, &stream));
          },
          {{"queries", dot.queries},
           {"keys", dot.keys},
           {"values", dot.values},
           {"features", dot.edges.features},
           {"weight", dot.edges.weight}});
    }
  }
}

TEST_CASE("Derivatives of attention with features of edges pass the gradient check on a hub",
          "[sparse][gradient][hub]") {
  const graph::Graph graph = hub_of_kinds(3, 2 * kHubEdges, 3);
  const Sizes s{2, 2, 2};
  const Variable kinds(random_tensor<double>({3, 2}, 8), true);
  Gatv2Inputs additive = additive_inputs<double>(graph, s);
  testing::require_gradients(
      [&] {
        additive.edges.features = order_edge_features(graph, kinds);
        return testing::weighted_sum(gatv2_attention(graph, additive, {}));
      },
      {{"src", additive.src},
       {"dst", additive.dst},
       {"att", additive.att},
       {"kinds", kinds},
       {"weight", additive.edges.weight}});
  DotInputs dot = dot_inputs<double>(graph, s);
  testing::require_gradients(
      [&] {
        dot.edges.features = order_edge_features(graph, kinds);
        return testing::weighted_sum(dot_attention(graph, dot, {}));
      },
      {{"queries", dot.queries},
       {"keys", dot.keys},
       {"values", dot.values},
       {"kinds", kinds},
       {"weight", dot.edges.weight}});
}

TEST_CASE("Derivatives with features of edges in single precision follow those in double",
          "[sparse][gradient]") {
  const graph::Graph graph = random_graph(60, 500);
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const Sizes& s : {Sizes{1, 7, 3}, Sizes{8, 8, 5}, Sizes{4, 16, 20}, Sizes{12, 24, 2}}) {
    CAPTURE(s.heads, s.channels, s.edge_channels);
    const auto gradients = [&]<class T>() {
      // Rounded to float first, so that no sum changes its side of the kink.
      const auto rounded = [](const Variable& v) {
        return Variable(v.value().to(core::kDTypeOf<T>), true);
      };
      const Gatv2Inputs a = additive_inputs<float>(graph, s);
      const Gatv2Inputs additive{.src = rounded(a.src),
                                 .dst = rounded(a.dst),
                                 .att = rounded(a.att),
                                 .values = {},
                                 .edges = {rounded(a.edges.features), rounded(a.edges.weight)}};
      const DotInputs b = dot_inputs<float>(graph, s);
      const DotInputs dot{.queries = rounded(b.queries),
                          .keys = rounded(b.keys),
                          .values = rounded(b.values),
                          .edges = {rounded(b.edges.features), rounded(b.edges.weight)}};
      const Tensor upstream = random_tensor<T>({60, s.heads, s.channels}, 6);
      backward(gatv2_attention(graph, additive, {.dropout = 0.6}, &stream), upstream);
      backward(dot_attention(graph, dot, {.dropout = 0.6}, &stream), upstream);
      std::vector<double> all;
      for (const Variable& v : {additive.src, additive.dst, additive.att, additive.edges.features,
                                additive.edges.weight, dot.queries, dot.keys, dot.values,
                                dot.edges.features, dot.edges.weight}) {
        const auto values = values_of<double>(v.grad().to(core::DType::f64));
        all.insert(all.end(), values.begin(), values.end());
      }
      return all;
    };
    CHECK(largest_error(gradients.operator()<float>(), gradients.operator()<double>()) < 1e-3);
  }
}

TEST_CASE("Attention with features of edges has the same bits on any number of threads",
          "[sparse][threads]") {
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const graph::Graph& graph :
       {random_graph(3000, 20000), hub_of_kinds(40, 3 * kHubEdges + 1, 7)}) {
    const Sizes s{4, 8, 6};
    const Gatv2Inputs additive = additive_inputs<float>(graph, s);
    const DotInputs dot = dot_inputs<float>(graph, s);
    testing::require_same_bits_on_any_threads([&] {
      std::vector<Variable> leaves{
          additive.src, additive.dst, additive.att, additive.edges.weight, additive.edges.features,
          dot.queries,  dot.keys,     dot.values,   dot.edges.weight,      dot.edges.features};
      for (Variable& leaf : leaves) {
        leaf.zero_grad();
      }
      std::vector<Tensor> results;
      for (const Variable& y : {gatv2_attention(graph, additive, {.dropout = 0.4}, &stream),
                                dot_attention(graph, dot, {.dropout = 0.4}, &stream)}) {
        backward(testing::weighted_sum(y));
        results.push_back(y.value());
      }
      for (const Variable& leaf : leaves) {
        results.push_back(leaf.grad());
      }
      return results;
    });
  }
}

TEST_CASE("Features of zero change attention by roundings alone", "[sparse][property]") {
  const graph::Graph graph = random_graph(200, 1500);
  const Sizes s{8, 8, 4};
  Gatv2Inputs additive = additive_inputs<double>(graph, s);
  additive.edges.features = Variable(Tensor::zeros({graph.num_edges(), 4}, core::DType::f64));
  CHECK(testing::max_difference(
            gatv2_attention(graph, additive, {}).value(),
            gatv2_attention(graph, additive.src, additive.dst, additive.att, {}).value()) < 1e-13);
  DotInputs dot = dot_inputs<double>(graph, s);
  dot.edges.features = additive.edges.features;
  CHECK(testing::max_difference(
            dot_attention(graph, dot, {}).value(),
            dot_attention(graph, dot.queries, dot.keys, dot.values, {}).value()) < 1e-13);
}

TEST_CASE("Attention names features of edges that do not fit", "[sparse]") {
  const graph::Graph graph({0, 2, 3}, {0, 1, 1});
  const Sizes s{2, 3, 4};
  Gatv2Inputs additive = additive_inputs<float>(graph, s);
  DotInputs dot = dot_inputs<float>(graph, s);
  const auto both_say = [&](const EdgeFeatures& edges, const std::string& what) {
    additive.edges = edges;
    dot.edges = edges;
    CHECK(message_of<ShapeError>([&] { (void)gatv2_attention(graph, additive, {}); }) ==
          "gatv2_attention: " + what);
    CHECK(message_of<ShapeError>([&] { (void)dot_attention(graph, dot, {}); }) ==
          "dot_attention: " + what);
  };
  const Variable features(Tensor::zeros({3, 4}));
  const Variable weight(Tensor::zeros({4, 6}));
  both_say({features, {}},
           "features of edges and their weight must come together, got one of them");
  both_say({{}, weight}, "features of edges and their weight must come together, got one of them");
  both_say({Variable(Tensor::zeros({2, 4})), weight},
           "features of edges must be [3, edge_channels], got [2, 4]");
  both_say({features, Variable(Tensor::zeros({4, 5}))},
           "weight of edges must be [4, 6], got [4, 5]");
  additive.edges = {Variable(Tensor::zeros({3, 4}, core::DType::f64)), weight};
  CHECK_THROWS_AS(gatv2_attention(graph, additive, {}), ShapeError);
}

TEST_CASE("Features of a caller's edges come in the order of the graph", "[sparse]") {
  // Listed: 2 -> 0, 1 -> 0, 0 -> 2, 1 -> 1.
  const std::vector<graph::Edge> edges{{2, 0}, {1, 0}, {0, 2}, {1, 1}};
  const Variable listed(Tensor::from<float>({1, 10, 2, 20, 3, 30, 4, 40}, {4, 2}));
  const auto ordered = [&](const graph::Graph& graph) {
    return values_of<float>(order_edge_features(graph, listed).value());
  };
  const graph::Graph plain = graph::from_edges(3, edges);
  CHECK(ordered(plain) == std::vector<float>{2, 20, 1, 10, 4, 40, 3, 30});
  SECTION("an added self-loop has the mean of the other edges of its row, or zeros") {
    // Into 0: from 0 (added), 1, 2. Into 1: its own. Into 2: 0 and 2 (added). Into 3: added.
    const graph::Graph looped = graph::with_self_loops(graph::from_edges(4, edges));
    CHECK(ordered(looped) == std::vector<float>{1.5, 15, 2, 20, 1, 10, 4, 40, 3, 30, 3, 30, 0, 0});
  }
  SECTION("both ways of an edge have the same") {
    const graph::Graph both = graph::from_edges(
        3, std::vector<graph::Edge>{{0, 1}, {1, 2}, {2, 2}, {0, 2}}, {.symmetric = true});
    // Into 0: 1, 2. Into 1: 0, 2. Into 2: 0, 1, 2.
    CHECK(ordered(both) == std::vector<float>{1, 10, 4, 40, 1, 10, 2, 20, 4, 40, 2, 20, 3, 30});
  }
}

TEST_CASE("The order of features of edges is differentiable and names what is missing",
          "[sparse][gradient]") {
  const graph::Graph graph = graph::with_self_loops(
      graph::from_edges(5, std::vector<graph::Edge>{{2, 0}, {1, 0}, {0, 2}}, {.symmetric = true}));
  const Variable listed(random_tensor<double>({3, 4}, 1), true);
  testing::require_gradients(
      [&] { return testing::weighted_sum(order_edge_features(graph, listed)); },
      {{"listed", listed}});
  CHECK(message_of<InvalidArgument>([&] {
          (void)order_edge_features(graph, Variable(Tensor::zeros({1, 4})));
        }).starts_with("order_edge_features: edge "));
  CHECK_THROWS_AS(order_edge_features(graph, Variable(Tensor::zeros({3}))), ShapeError);
}

}  // namespace attune::sparse
