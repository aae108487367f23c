#include <catch2/catch.hpp>

#include "sparse/plain_kernels.hpp"
#include "support/awkward_graphs.hpp"
#include "support/random_graph.hpp"
#include "support/random_values.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/receptive_field.hpp>
#include <attune/sparse/mean_aggregate.hpp>

namespace attune::sparse {
namespace {

using testing::values_of;

// A node's neighbours other than itself, each with an equal share.
std::vector<double> equal_weights(const graph::Graph& graph) {
  const graph::CsrView in = graph.in_edges();
  std::vector<double> weights;
  for (std::int64_t i = 0; i < graph.num_dst(); ++i) {
    double others = 0;
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      others += in.col_idx[e] == i ? 0 : 1;
    }
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      weights.push_back(in.col_idx[e] == i ? 0 : 1 / others);
    }
  }
  return weights;
}

TEST_CASE("mean_aggregate agrees with its formula on awkward graphs", "[sparse]") {
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    for (const std::int64_t channels : {1, 7, 16, 40}) {
      CAPTURE(name, channels);
      const core::Tensor x = testing::random_tensor<double>({graph.num_nodes(), channels}, 1);
      const auto expected =
          plain::aggregate(graph, 1, channels, equal_weights(graph), values_of<double>(x));
      const Variable y = mean_aggregate(graph, Variable(x));
      CHECK(testing::largest_error(values_of<double>(y.value()), expected) < 1e-13);
    }
  }
}

TEST_CASE("The derivative of mean_aggregate passes the gradient check", "[sparse][gradient]") {
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    if (graph.num_nodes() == 0 || graph.num_nodes() > 20) {
      continue;
    }
    CAPTURE(name);
    const Variable x = testing::random_leaf({graph.num_nodes(), 3}, 1);
    const auto& on = graph;
    testing::require_gradients([&] { return testing::weighted_sum(mean_aggregate(on, x)); },
                               {{"x", x}});
  }
  const graph::ReceptiveField field =
      graph::receptive_field(testing::random_graph(30, 60), std::vector<std::int64_t>{3, 7}, 1);
  const Variable x = testing::random_leaf({field.blocks[0].num_src(), 2}, 1);
  testing::require_gradients(
      [&] { return testing::weighted_sum(mean_aggregate(field.blocks[0], x)); }, {{"x", x}});
}

TEST_CASE("mean_aggregate has the same bits on 1, 2 and 8 threads", "[sparse][property]") {
  const graph::Graph graph = testing::random_graph(5000, 40000);
  const Variable x = testing::random_leaf({5000, 24}, 1, core::DType::f32);
  testing::require_same_bits_on_any_threads([&] {
    Variable leaf = x;
    leaf.zero_grad();
    const Variable y = mean_aggregate(graph, x);
    backward(testing::weighted_sum(y));
    return std::vector<core::Tensor>{y.value(), x.grad()};
  });
}

TEST_CASE("mean_aggregate names features that do not fit", "[sparse]") {
  const graph::Graph graph({0, 1}, {0});
  CHECK_THROWS_WITH(mean_aggregate(graph, Variable(core::Tensor::zeros({2, 3}))),
                    Catch::Contains("[1, channels]") && Catch::Contains("[2, 3]"));
}

}  // namespace
}  // namespace attune::sparse
