#include <catch2/catch.hpp>

#include "support/awkward_graphs.hpp"
#include "support/tensors.hpp"
#include <attune/align/ct_edges.hpp>
#include <attune/core/error.hpp>
#include <attune/graph/builder.hpp>

namespace attune::testing {

using core::Tensor;

namespace {

const core::RandomStream kRandom(5, core::Purpose::alignment);

align::Network critic(std::int64_t channels, core::DType dtype = core::DType::f64) {
  return align::make_critic({.channels = channels, .hidden = 4}, kRandom, dtype);
}
align::Network navigator(std::int64_t channels, core::DType dtype = core::DType::f64) {
  return align::make_navigator({.channels = channels, .hidden = 4}, kRandom.with_stream(4), dtype);
}

graph::Graph complete(std::int64_t nodes) {
  std::vector<graph::Edge> edges;
  for (std::int64_t i = 0; i < nodes; ++i) {
    for (std::int64_t j = 0; j < nodes; ++j) {
      edges.push_back({j, i});
    }
  }
  return graph::from_edges(nodes, edges);
}

}  // namespace

TEST_CASE("ct_on_edges: on a complete graph it is ct, gradients too", "[align]") {
  const bool chord = GENERATE(false, true);
  const align::CtOptions options{
      .rho = 0.4, .cost = chord ? align::TransportCost::chord : align::TransportCost::cosine};
  const std::int64_t nodes = 80;
  const align::Network c = critic(3);
  const align::Network n = navigator(3);
  std::vector<Tensor> found[2];
  for (const bool edges : {false, true}) {
    Variable q = random_leaf({nodes, 2, 3}, 1);
    Variable k = random_leaf({nodes, 2, 3}, 2);
    for (align::Parameter& parameter : align::named_parameters(c, true)) {
      parameter.variable.zero_grad();
    }
    for (align::Parameter& parameter : align::named_parameters(n, false)) {
      parameter.variable.zero_grad();
    }
    const Variable loss = edges ? align::ct_on_edges(complete(nodes), q, k, c, n, kRandom, options)
                                : align::ct({.queries = q, .keys = k}, c, n, kRandom, options);
    autograd::backward(loss);
    found[edges ? 1 : 0] = {loss.value(), q.grad(), k.grad(), c.gate_w.grad(), n.fc1_w.grad()};
  }
  for (std::size_t i = 0; i < found[0].size(); ++i) {
    CAPTURE(i);
    CHECK(max_difference(found[0][i], found[1][i]) < 1e-13);
  }
}

TEST_CASE("ct_on_edges: gradients on awkward graphs", "[align][gradient]") {
  for (const AwkwardGraph& awkward : awkward_graphs()) {
    if (awkward.graph.num_edges() == 0 || awkward.graph.num_nodes() > 20) {
      continue;
    }
    INFO(awkward.name);
    const std::int64_t nodes = awkward.graph.num_nodes();
    const Variable q = random_leaf({nodes, 2, 2}, 1);
    const Variable k = random_leaf({nodes, 2, 2}, 2);
    const align::Network c = critic(2);
    const align::Network n = navigator(2);
    require_gradients(
        [&] { return align::ct_on_edges(awkward.graph, q, k, c, n, kRandom, {.reversal = -1}); },
        {{"queries", q},
         {"keys", k},
         {"gate_w", c.gate_w},
         {"fc2_b", c.fc2_b},
         {"nav1_w", n.fc1_w},
         {"nav2_w", n.fc2_w}});
  }
}

TEST_CASE("ct_on_edges: without edges the loss and the gradients are zero", "[align]") {
  const graph::Graph graph = graph::from_edges(5, {});
  const Variable q = random_leaf({5, 2, 2}, 1);
  const Variable k = random_leaf({5, 2, 2}, 2);
  const Variable loss = align::ct_on_edges(graph, q, k, critic(2), navigator(2), kRandom);
  CHECK(loss.value().item() == 0);
  autograd::backward(loss);
  CHECK(max_difference(q.grad(), Tensor::zeros(q.shape(), core::DType::f64)) == 0);
}

TEST_CASE("ct_on_edges: same bits on any number of threads", "[align][property]") {
  std::vector<graph::Edge> edges;
  for (std::int64_t i = 0; i < 3000; ++i) {
    for (std::int64_t step = 1; step < 6; ++step) {
      edges.push_back({(i * 7 + step * step) % 3000, i});
    }
  }
  const graph::Graph graph = graph::from_edges(3000, edges);
  require_same_bits_on_any_threads([&] {
    const align::Network c = critic(4, core::DType::f32);
    const align::Network n = navigator(4, core::DType::f32);
    const Variable q = random_leaf({3000, 2, 4}, 1, core::DType::f32);
    const Variable k = random_leaf({3000, 2, 4}, 2, core::DType::f32);
    const Variable loss = align::ct_on_edges(graph, q, k, c, n, kRandom);
    autograd::backward(loss);
    return std::vector<Tensor>{loss.value(), q.grad(), k.grad(), c.gate_w.grad(), n.fc2_w.grad()};
  });
}

TEST_CASE("ct_on_edges: refuses points that are not the graph's nodes", "[align]") {
  const Variable x = random_leaf({5, 2, 2}, 1);
  CHECK(message_of<ShapeError>([&] {
          (void)align::ct_on_edges(complete(4), x, x, critic(2), navigator(2), kRandom);
        }) == "align::ct_on_edges: expected 4 queries and keys, one a node, got 5");
}

}  // namespace attune::testing
