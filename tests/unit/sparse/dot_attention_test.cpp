#include <catch2/catch.hpp>

#include "sparse/plain_kernels.hpp"
#include "support/awkward_graphs.hpp"
#include "support/random_graph.hpp"
#include "support/random_values.hpp"
#include <attune/autograd/gradient_check.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/sparse/dot_attention.hpp>

namespace attune::sparse {
namespace {

using core::Tensor;
using testing::largest_error;
using testing::random_tensor;
using testing::values_of;

struct Inputs {
  Variable queries;
  Variable keys;
  Variable values;
};

template <class T>
Inputs random_inputs(std::int64_t nodes, std::int64_t heads, std::int64_t channels) {
  return {Variable(random_tensor<T>({nodes, heads, channels}, 1), true),
          Variable(random_tensor<T>({nodes, heads, channels}, 2), true),
          Variable(random_tensor<T>({nodes, heads, channels}, 3), true)};
}

TEMPLATE_TEST_CASE("dot_attention agrees with its plain twin on awkward graphs", "[sparse]", float,
                   double) {
  const double tolerance = sizeof(TestType) == 4 ? 2e-5 : 1e-13;
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    for (const std::int64_t heads : {1, 2, 3, 4, 8, 9}) {
      for (const std::int64_t channels : {1, 3, 4, 6, 7, 8, 12, 16, 20, 64}) {
        CAPTURE(name, heads, channels);
        const Inputs in = random_inputs<TestType>(graph.num_nodes(), heads, channels);
        const auto expected = plain::dot_coefficients<TestType>(
            graph, heads, channels, values_of<TestType>(in.queries.value()),
            values_of<TestType>(in.keys.value()));
        Tensor alpha;
        const Variable y =
            dot_attention(graph, in.queries, in.keys, in.values, {}, nullptr, &alpha);
        CHECK(largest_error(values_of<TestType>(alpha), expected) < tolerance);
        CHECK(largest_error(values_of<TestType>(y.value()),
                            plain::aggregate(graph, heads, channels, expected,
                                             values_of<TestType>(in.values.value()))) < tolerance);
      }
    }
  }
}

TEST_CASE("The derivatives of dot_attention pass the gradient check", "[sparse][gradient]") {
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    if (graph.num_nodes() == 0 || graph.num_nodes() > 20) {
      continue;
    }
    for (const std::int64_t heads : {1, 3}) {
      const Inputs in = random_inputs<double>(graph.num_nodes(), heads, 5);
      const Variable weights(random_tensor<double>(in.queries.shape(), 5));
      const auto& on = graph;
      for (const double p : {0.0, 0.5}) {
        const auto result = autograd::check_gradients(
            [&] {
              const Variable y =
                  dot_attention(on, in.queries, in.keys, in.values, {.dropout = p}, &stream);
              return ops::sum(ops::mul(y, weights));
            },
            {{"queries", in.queries}, {"keys", in.keys}, {"values", in.values}});
        INFO(name << ", " << heads << " heads, p = " << p << ": " << result.where);
        CHECK(result.passed);
      }
    }
  }
}

TEST_CASE("Derivatives of dot_attention in single precision follow those in double",
          "[sparse][gradient]") {
  const graph::Graph graph = testing::random_graph(40, 150);
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const std::int64_t heads : {1, 2, 4, 8, 12}) {
    for (const std::int64_t channels : {1, 4, 7, 8, 16, 24}) {
      CAPTURE(heads, channels);
      const auto gradients = [&]<class T>() {
        // Rounded to float first, so that no sum changes its side of the kink.
        const Inputs in = random_inputs<float>(40, heads, channels);
        std::vector<Variable> leaves;
        for (const Variable& v : {in.queries, in.keys, in.values}) {
          leaves.emplace_back(v.value().to(core::kDTypeOf<T>), true);
        }
        backward(dot_attention(graph, leaves[0], leaves[1], leaves[2], {.dropout = 0.6}, &stream),
                 random_tensor<T>({40, heads, channels}, 6));
        std::vector<double> all;
        for (const Variable& v : leaves) {
          const auto values = values_of<double>(v.grad().to(core::DType::f64));
          all.insert(all.end(), values.begin(), values.end());
        }
        return all;
      };
      CHECK(largest_error(gradients.operator()<float>(), gradients.operator()<double>()) < 2e-4);
    }
  }
}

TEST_CASE("dot_attention gives the same bits for any number of threads", "[sparse][threads]") {
  const graph::Graph graph = testing::random_graph(3000, 12000);
  const core::RandomStream stream(4, core::Purpose::dropout);
  std::vector<std::vector<float>> first;
  for (const int threads : {1, 2, 8}) {
    core::with_threads(threads, [&] {
      const Inputs in = random_inputs<float>(3000, 8, 8);
      const Variable y =
          dot_attention(graph, in.queries, in.keys, in.values, {.dropout = 0.6}, &stream);
      backward(y, random_tensor<float>({3000, 8, 8}, 6));
      const std::vector<std::vector<float>> results{
          values_of<float>(y.value()), values_of<float>(in.queries.grad()),
          values_of<float>(in.keys.grad()), values_of<float>(in.values.grad())};
      first = threads == 1 ? results : first;
      CHECK(results == first);
    });
  }
}

TEST_CASE("dot_attention names what does not fit", "[sparse]") {
  const graph::Graph graph({0, 1}, {0});
  const Inputs in = random_inputs<float>(1, 2, 3);
  const Variable other(Tensor::zeros({3, 3}));
  CHECK_THROWS_WITH(dot_attention(graph, in.queries, in.keys, other, {}),
                    Catch::Contains("values") && Catch::Contains("got [3, 3]"));
  CHECK_THROWS_AS(
      dot_attention(graph, random_inputs<float>(2, 2, 3).queries, in.keys, in.values, {}),
      ShapeError);
  CHECK_THROWS_AS(dot_attention(graph, in.queries, in.keys, in.values, {.dropout = 1}),
                  InvalidArgument);
}

}  // namespace
}  // namespace attune::sparse
