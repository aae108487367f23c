// Coefficients that the forward pass does not keep.
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sparse/coefficients.hpp"
#include "support/random_values.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/builder.hpp>
#include <attune/sparse/dot_attention.hpp>
#include <attune/sparse/gat_attention.hpp>
#include <attune/sparse/gatv2_attention.hpp>

namespace attune::sparse {
namespace {

using core::Shape;
using core::Tensor;
using graph::Edge;
using testing::largest_error;
using testing::random_tensor;
using testing::values_of;

constexpr std::int64_t kNodes = 60;
constexpr std::int64_t kHeads = 3;
constexpr std::int64_t kChannels = 10;
const Shape kShape{kNodes, kHeads, kChannels};

// A node that is a hub either way, some edges between others, and nodes without in-edges.
graph::Graph graph_with_hub() {
  std::vector<Edge> edges;
  for (std::int64_t e = 0; e < 2 * kHubEdges; ++e) {
    edges.push_back({.src = e % kNodes, .dst = 7});
    edges.push_back({.src = 7, .dst = e % 40});
  }
  for (std::int64_t i = 0; i < 200; ++i) {
    edges.push_back({.src = (i * i) % kNodes, .dst = (i * 11) % 50});
  }
  return graph::from_edges(kNodes, edges, {.duplicates = graph::Duplicates::keep});
}

template <class T>
Variable leaf(const Shape& shape, std::uint64_t seed) {
  return Variable(random_tensor<T>(shape, seed), true);
}

TEST_CASE("Derivatives of dot attention on their own have the bits of recorded ones", "[sparse]") {
  const graph::Graph graph = graph_with_hub();
  const core::RandomStream stream(4, core::Purpose::dropout);
  const Tensor upstream = random_tensor<float>(kShape, 9);
  for (const double p : {0.0, 0.5}) {
    const Variable q = leaf<float>(kShape, 1);
    const Variable k = leaf<float>(kShape, 2);
    const Variable v = leaf<float>(kShape, 3);
    backward(dot_attention(graph, q, k, v, {.dropout = p}, &stream), upstream);
    const DotAttentionGradients grads =
        dot_attention_gradients(graph, q.value().clone(), k.value().clone(), v.value().clone(),
                                {.dropout = p}, &stream, upstream);
    CHECK(values_of<float>(grads.queries) == values_of<float>(q.grad()));
    CHECK(values_of<float>(grads.keys) == values_of<float>(k.grad()));
    CHECK(values_of<float>(grads.values) == values_of<float>(v.grad()));
  }
}

TEST_CASE("Derivatives of GATv2 attention on their own have the bits of recorded ones",
          "[sparse]") {
  const graph::Graph graph = graph_with_hub();
  const core::RandomStream stream(4, core::Purpose::dropout);
  const Tensor upstream = random_tensor<float>(kShape, 9);
  for (const double p : {0.0, 0.5}) {
    const Variable src = leaf<float>(kShape, 1);
    const Variable dst = leaf<float>(kShape, 2);
    const Variable att = leaf<float>({kHeads, kChannels}, 3);
    backward(gatv2_attention(graph, src, dst, att, {.dropout = p}, &stream), upstream);
    const Gatv2AttentionGradients grads =
        gatv2_attention_gradients(graph, src.value().clone(), dst.value().clone(), att.value(),
                                  {.dropout = p}, &stream, upstream);
    CHECK(values_of<float>(grads.src) == values_of<float>(src.grad()));
    CHECK(values_of<float>(grads.dst) == values_of<float>(dst.grad()));
    CHECK(values_of<float>(grads.att) == values_of<float>(att.grad()));
  }
}

TEST_CASE("Derivatives of attention on their own leave inputs that others hold", "[sparse]") {
  const graph::Graph graph = graph_with_hub();
  const Tensor q = random_tensor<float>(kShape, 1);
  const Tensor k = random_tensor<float>(kShape, 2);
  const Tensor v = random_tensor<float>(kShape, 3);
  const std::vector<Tensor> before{q.clone(), k.clone(), v.clone()};
  (void)dot_attention_gradients(graph, q, k, v, {}, nullptr, v);
  (void)gatv2_attention_gradients(graph, q, k, random_tensor<float>({kHeads, kChannels}, 4), {},
                                  nullptr, v);
  CHECK(values_of<float>(q) == values_of<float>(before[0]));
  CHECK(values_of<float>(k) == values_of<float>(before[1]));
  CHECK(values_of<float>(v) == values_of<float>(before[2]));
}

TEST_CASE("Derivatives of attention on their own refuse a gradient of another shape", "[sparse]") {
  const graph::Graph graph = graph_with_hub();
  const Tensor x = random_tensor<float>(kShape, 1);
  const Tensor att = random_tensor<float>({kHeads, kChannels}, 2);
  const Tensor other = random_tensor<float>({kNodes, kHeads, kChannels + 1}, 3);
  CHECK_THROWS_AS(dot_attention_gradients(graph, x, x, x, {}, nullptr, other), ShapeError);
  CHECK_THROWS_AS(gatv2_attention_gradients(graph, x, x, att, {}, nullptr, other), ShapeError);
}

// `copies` graphs of `nodes` nodes that do not know of each other.
graph::Graph copies_of_a_ring(std::int64_t copies, std::int64_t nodes) {
  std::vector<Edge> edges;
  for (std::int64_t i = 0; i < copies * nodes; ++i) {
    const std::int64_t first = i / nodes * nodes;
    edges.push_back({.src = first + (i - first + 1) % nodes, .dst = i});
    edges.push_back({.src = first + (i - first + 3) % nodes, .dst = i});
    edges.push_back({.src = i, .dst = i});
  }
  return graph::from_edges(copies * nodes, edges);
}

Tensor repeated(const Tensor& once, std::int64_t copies) {
  std::vector<float> all;
  for (std::int64_t c = 0; c < copies; ++c) {
    all.insert(all.end(), once.data<float>().begin(), once.data<float>().end());
  }
  return Tensor::from<float>(all, {copies * once.size(0), once.size(1), once.size(2)});
}

using Run = std::function<Variable(const graph::Graph&, const std::vector<Variable>&)>;

struct Copied {
  std::string name;
  std::size_t of_nodes;  // inputs of that shape, before those of heads
  std::vector<Tensor> inputs;
  Run run;
};

std::vector<Copied> copied_attentions(const core::RandomStream& stream, bool drop) {
  const double p = drop ? 0.5 : 0;
  const Shape of_nodes{10, 4, 64};
  const Shape of_heads{4, 64};
  const auto random = [](const Shape& shape, std::uint64_t seed) {
    return random_tensor<float>(shape, seed);
  };
  return {{"gat",
           1,
           {random(of_nodes, 1), random(of_heads, 2), random(of_heads, 3)},
           [&stream, p](const auto& graph, const auto& in) {
             return gat_attention(graph, in[0], in[1], in[2], {.dropout = p}, &stream);
           }},
          {"gatv2",
           2,
           {random(of_nodes, 1), random(of_nodes, 2), random(of_heads, 3)},
           [&stream, p](const auto& graph, const auto& in) {
             return gatv2_attention(graph, in[0], in[1], in[2], {.dropout = p}, &stream);
           }},
          {"dot",
           3,
           {random(of_nodes, 1), random(of_nodes, 2), random(of_nodes, 3)},
           [&stream, p](const auto& graph, const auto& in) {
             return dot_attention(graph, in[0], in[1], in[2], {.dropout = p}, &stream);
           }}};
}

std::vector<std::vector<float>> derivatives(const Copied& attention, const graph::Graph& graph,
                                            std::int64_t copies, const Tensor& upstream) {
  std::vector<Variable> in;
  for (std::size_t i = 0; i < attention.inputs.size(); ++i) {
    const Tensor& once = attention.inputs[i];
    in.emplace_back(i < attention.of_nodes ? repeated(once, copies) : once, true);
  }
  backward(attention.run(graph, in), repeated(upstream, copies));
  std::vector<std::vector<float>> grads;
  for (const Variable& input : in) {
    grads.push_back(values_of<float>(input.grad()));
  }
  return grads;
}

TEST_CASE("A large layer that keeps no coefficients has the derivatives of a small one that does",
          "[sparse]") {
  const std::int64_t copies = 1700;
  const graph::Graph small = copies_of_a_ring(1, 10);
  const graph::Graph large = copies_of_a_ring(copies, 10);
  REQUIRE(keeps_coefficients(small, {10, 10, 4, 64}));
  REQUIRE_FALSE(keeps_coefficients(large, {10 * copies, 10 * copies, 4, 64}));
  const Tensor upstream = random_tensor<float>({10, 4, 64}, 9);
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const bool drop : {false, true}) {
    for (const Copied& attention : copied_attentions(stream, drop)) {
      CAPTURE(attention.name, drop);
      const auto once = derivatives(attention, small, 1, upstream);
      const auto all = derivatives(attention, large, copies, upstream);
      for (std::size_t i = 0; i < once.size(); ++i) {
        if (i < attention.of_nodes) {
          // Those of the first copy: it drops what the small graph does.
          const std::vector<float> first(all[i].begin(), all[i].begin() + std::ssize(once[i]));
          CHECK(largest_error(first, once[i]) < 1e-5);
        } else if (!drop) {
          std::vector<float> mean = all[i];
          for (float& value : mean) {
            value /= static_cast<float>(copies);
          }
          CHECK(largest_error(mean, once[i]) < 1e-4);
        }
      }
    }
  }
}

}  // namespace
}  // namespace attune::sparse
