#include <catch2/catch.hpp>

#include "sparse/plain_kernels.hpp"
#include "support/awkward_graphs.hpp"
#include "support/random_values.hpp"
#include <attune/autograd/gradient_check.hpp>
#include <attune/core/error.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/sparse/gcn_aggregate.hpp>

namespace attune::sparse {
namespace {

using testing::random_tensor;
using testing::values_of;

std::vector<double> symmetric_weights(const graph::Graph& graph) {
  const graph::CsrView in = graph.in_edges();
  std::vector<double> weights;
  for (std::int64_t i = 0; i < graph.num_nodes(); ++i) {
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      const auto product = static_cast<double>(graph.in_degree(i) * graph.in_degree(in.col_idx[e]));
      weights.push_back(product > 0 ? 1 / std::sqrt(product) : 0);
    }
  }
  return weights;
}

TEST_CASE("gcn_aggregate agrees with its formula on awkward graphs", "[sparse]") {
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    for (const std::int64_t channels : {1, 7, 16, 40}) {
      CAPTURE(name, channels);
      const core::Tensor x = random_tensor<double>({graph.num_nodes(), channels}, 1);
      const auto expected =
          plain::aggregate(graph, 1, channels, symmetric_weights(graph), values_of<double>(x));
      const Variable y = gcn_aggregate(graph, Variable(x));
      CHECK(testing::largest_error(values_of<double>(y.value()), expected) < 1e-13);
    }
  }
}

TEST_CASE("The derivative of gcn_aggregate passes the gradient check", "[sparse][gradient]") {
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    if (graph.num_nodes() == 0 || graph.num_nodes() > 20) {
      continue;
    }
    const Variable x(random_tensor<double>({graph.num_nodes(), 3}, 1), true);
    const Variable weights(random_tensor<double>({graph.num_nodes(), 3}, 2));
    const auto& on = graph;
    const auto result = autograd::check_gradients(
        [&] { return ops::sum(ops::mul(gcn_aggregate(on, x), weights)); }, {{"x", x}});
    INFO(name << ": " << result.where);
    CHECK(result.passed);
  }
}

TEST_CASE("gcn_aggregate names features that do not fit", "[sparse]") {
  const graph::Graph graph({0, 1}, {0});
  CHECK_THROWS_WITH(gcn_aggregate(graph, Variable(core::Tensor::zeros({2, 3}))),
                    Catch::Contains("[1, channels]") && Catch::Contains("[2, 3]"));
}

}  // namespace
}  // namespace attune::sparse
