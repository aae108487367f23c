#include <catch2/catch.hpp>

#include "sparse/plain_kernels.hpp"
#include "support/awkward_graphs.hpp"
#include "support/random_values.hpp"
#include <attune/autograd/gradient_check.hpp>
#include <attune/core/error.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/sparse/edge_softmax.hpp>

namespace attune::sparse {
namespace {

using testing::largest_error;
using testing::random_tensor;
using testing::values_of;

TEMPLATE_TEST_CASE("edge_softmax agrees with its plain twin on awkward graphs", "[sparse]", float,
                   double) {
  const double tolerance = sizeof(TestType) == 4 ? 1e-6 : 1e-14;
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    for (const std::int64_t heads : {1, 2, 3, 8, 9, 16}) {
      CAPTURE(name, heads);
      const core::Tensor logits = random_tensor<TestType>({graph.num_edges(), heads}, 1);
      const Variable alpha = edge_softmax(graph, Variable(logits));
      CHECK(largest_error(values_of<TestType>(alpha.value()),
                          plain::edge_softmax(graph, heads, values_of<TestType>(logits))) <
            tolerance);
    }
  }
}

TEST_CASE("edge_softmax of huge logits is finite", "[sparse]") {
  const graph::Graph graph({0, 2}, {0, 0});
  const Variable logits(core::Tensor::from<float>({3e38F, -3e38F}, {2, 1}));
  CHECK(values_of<float>(edge_softmax(graph, logits).value()) == std::vector<float>{1, 0});
}

TEST_CASE("The derivative of edge_softmax passes the gradient check", "[sparse][gradient]") {
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    if (graph.num_edges() == 0 || graph.num_edges() > 50) {
      continue;
    }
    const std::int64_t heads = 2;
    const Variable logits(random_tensor<double>({graph.num_edges(), heads}, 1), true);
    const Variable weights(random_tensor<double>({graph.num_edges(), heads}, 2));
    const auto& on = graph;
    const auto result = autograd::check_gradients(
        [&] { return ops::sum(ops::mul(edge_softmax(on, logits), weights)); },
        {{"logits", logits}});
    INFO(name << ": " << result.where);
    CHECK(result.passed);
  }
}

TEST_CASE("edge_softmax names logits that do not fit", "[sparse]") {
  const graph::Graph graph({0, 2}, {0, 0});
  CHECK_THROWS_WITH(edge_softmax(graph, Variable(core::Tensor::zeros({3, 1}))),
                    Catch::Contains("[2, heads]") && Catch::Contains("[3, 1]"));
}

}  // namespace
}  // namespace attune::sparse
