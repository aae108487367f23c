#include <vector>

#include <catch2/catch.hpp>

#include "sparse/plain_kernels.hpp"
#include "support/awkward_graphs.hpp"
#include "support/random_graph.hpp"
#include "support/random_values.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/sparse/gat_attention.hpp>

namespace attune::sparse {
namespace {

using core::Tensor;
using testing::largest_error;
using testing::random_graph;
using testing::random_tensor;
using testing::values_of;

template <class T>
GatInputs random_inputs(const graph::Graph& graph, std::int64_t heads, std::int64_t channels) {
  return {.z = Variable(random_tensor<T>({graph.num_src(), heads, channels}, 1), true),
          .att_dst = Variable(random_tensor<T>({heads, channels}, 2), true),
          .att_src = Variable(random_tensor<T>({heads, channels}, 3), true),
          .values = {},
          .edge_terms = Variable(random_tensor<T>({graph.num_edges(), heads}, 4), true)};
}

// One row that is shared out among tasks, and one that hears nobody else.
graph::Graph star(std::int64_t leaves) {
  std::vector<graph::Edge> edges{{0, 1}};
  for (std::int64_t leaf = 1; leaf <= leaves; ++leaf) {
    edges.push_back({leaf, 0});
  }
  return graph::from_edges(leaves + 1, edges);
}

template <class T>
void require_twin(const graph::Graph& graph, std::int64_t heads, std::int64_t channels,
                  double tolerance) {
  const GatInputs in = random_inputs<T>(graph, heads, channels);
  const auto z = values_of<T>(in.z.value());
  const auto expected = plain::gat_coefficients<T>(
      graph, heads, channels, z, values_of<T>(in.att_dst.value()), values_of<T>(in.att_src.value()),
      T(0.2), values_of<T>(in.edge_terms.value()));
  Tensor alpha;
  const Variable y = gat_attention(graph, in, {}, nullptr, &alpha);
  CHECK(largest_error(values_of<T>(alpha), expected) < tolerance);
  CHECK(largest_error(values_of<T>(y.value()),
                      plain::aggregate(graph, heads, channels, expected, z)) < tolerance);
}

TEMPLATE_TEST_CASE("gat_attention with terms of edges agrees with its plain twin", "[sparse]",
                   float, double) {
  const double tolerance = sizeof(TestType) == 4 ? 2e-5 : 1e-13;
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    for (const std::int64_t heads : {1, 2, 3, 4, 8, 9}) {
      for (const std::int64_t channels : {1, 4, 7, 8, 16}) {
        CAPTURE(name, heads, channels);
        require_twin<TestType>(graph, heads, channels, tolerance);
      }
    }
  }
}

TEST_CASE("gat_attention with terms of edges agrees with its plain twin on a hub", "[sparse]") {
  require_twin<double>(star(17000), 3, 2, 1e-12);
}

TEST_CASE("The derivatives of gat_attention with terms of edges pass the gradient check",
          "[sparse][gradient]") {
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    if (graph.num_nodes() == 0 || graph.num_nodes() > 20) {
      continue;
    }
    for (const std::int64_t heads : {1, 3, 8}) {
      CAPTURE(name, heads);
      GatInputs in = random_inputs<double>(graph, heads, 4);
      const bool apart = heads == 3;
      if (apart) {
        in.values = Variable(random_tensor<double>(in.z.shape(), 9), true);
      }
      const auto& on = graph;
      std::vector<autograd::NamedInput> inputs{{"z", in.z},
                                               {"att_dst", in.att_dst},
                                               {"att_src", in.att_src},
                                               {"edge_terms", in.edge_terms}};
      if (apart) {
        inputs.push_back({"values", in.values});
      }
      testing::require_gradients(
          [&] { return testing::weighted_sum(gat_attention(on, in, {.dropout = 0.5}, &stream)); },
          inputs);
    }
  }
}

TEST_CASE("Terms of zero leave the bits of gat_attention as they are", "[sparse][property]") {
  const graph::Graph graph = random_graph(300, 2000);
  for (const std::int64_t heads : {1, 8, 9}) {
    GatInputs in = random_inputs<float>(graph, heads, 8);
    in.edge_terms = Variable(Tensor::zeros({graph.num_edges(), heads}));
    const Tensor with = gat_attention(graph, in, {}).value();
    CHECK(testing::same_bits(with, gat_attention(graph, in.z, in.att_dst, in.att_src, {}).value()));
  }
}

TEST_CASE("A constant added to the terms of a row changes no coefficient above the kink",
          "[sparse][property]") {
  const graph::Graph graph = random_graph(50, 200);
  GatInputs in = random_inputs<double>(graph, 2, 3);
  Tensor terms = in.edge_terms.value().clone();
  for (double& term : terms.mutable_data<double>()) {
    term += 50;  // the leaky ReLU is the identity
  }
  in.edge_terms = Variable(terms.clone());
  const Tensor y = gat_attention(graph, in, {}).value();
  for (double& term : terms.mutable_data<double>()) {
    term += 7;
  }
  in.edge_terms = Variable(terms);
  CHECK(testing::max_difference(gat_attention(graph, in, {}).value(), y) < 1e-12);
}

TEST_CASE("gat_attention with terms of edges has the same bits on 1, 2 and 8 threads",
          "[sparse][property]") {
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const graph::Graph& graph : {random_graph(3000, 30000), star(40000)}) {
    const GatInputs in = random_inputs<float>(graph, 4, 5);
    testing::require_same_bits_on_any_threads([&] {
      for (Variable leaf : {in.z, in.att_dst, in.att_src, in.edge_terms}) {
        leaf.zero_grad();
      }
      const Variable y = gat_attention(graph, in, {.dropout = 0.4}, &stream);
      backward(testing::weighted_sum(y));
      return std::vector<Tensor>{y.value(), in.z.grad(), in.att_dst.grad(), in.att_src.grad(),
                                 in.edge_terms.grad()};
    });
  }
}

TEST_CASE("gat_attention names terms of edges that do not fit", "[sparse]") {
  const graph::Graph graph = random_graph(4, 3);
  GatInputs in = random_inputs<float>(graph, 2, 3);
  in.edge_terms = Variable(Tensor::zeros({graph.num_edges(), 3}));
  CHECK_THROWS_WITH(gat_attention(graph, in, {}), Catch::Contains("edge_terms"));
  in.edge_terms = Variable(Tensor::zeros({graph.num_edges(), 2}, core::DType::f64));
  CHECK_THROWS_WITH(gat_attention(graph, in, {}), Catch::Contains("gat_attention"));
}

}  // namespace
}  // namespace attune::sparse
