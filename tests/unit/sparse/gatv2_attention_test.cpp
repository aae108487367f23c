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
#include <attune/sparse/gatv2_attention.hpp>

namespace attune::sparse {
namespace {

using core::Tensor;
using testing::largest_error;
using testing::random_tensor;
using testing::values_of;

struct Inputs {
  Variable src;
  Variable dst;
  Variable att;
};

template <class T>
Inputs random_inputs(std::int64_t nodes, std::int64_t heads, std::int64_t channels) {
  return {Variable(random_tensor<T>({nodes, heads, channels}, 1), true),
          Variable(random_tensor<T>({nodes, heads, channels}, 2), true),
          Variable(random_tensor<T>({heads, channels}, 3), true)};
}

TEMPLATE_TEST_CASE("gatv2_attention agrees with its plain twin on awkward graphs", "[sparse]",
                   float, double) {
  const double tolerance = sizeof(TestType) == 4 ? 2e-5 : 1e-13;
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    for (const std::int64_t heads : {1, 2, 3, 4, 8, 9}) {
      for (const std::int64_t channels : {1, 3, 4, 6, 7, 8, 12, 16, 20, 64}) {
        CAPTURE(name, heads, channels);
        const Inputs in = random_inputs<TestType>(graph.num_nodes(), heads, channels);
        const auto expected = plain::gatv2_coefficients<TestType>(
            graph, heads, channels, values_of<TestType>(in.dst.value()),
            values_of<TestType>(in.src.value()), values_of<TestType>(in.att.value()),
            TestType(0.2));
        Tensor alpha;
        const Variable y = gatv2_attention(graph, in.src, in.dst, in.att, {}, nullptr, &alpha);
        CHECK(largest_error(values_of<TestType>(alpha), expected) < tolerance);
        CHECK(largest_error(values_of<TestType>(y.value()),
                            plain::aggregate(graph, heads, channels, expected,
                                             values_of<TestType>(in.src.value()))) < tolerance);
      }
    }
  }
}

TEST_CASE("The derivatives of gatv2_attention pass the gradient check", "[sparse][gradient]") {
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    if (graph.num_nodes() == 0 || graph.num_nodes() > 20) {
      continue;
    }
    for (const std::int64_t heads : {1, 3}) {
      const Inputs in = random_inputs<double>(graph.num_nodes(), heads, 5);
      const Variable weights(random_tensor<double>(in.src.shape(), 5));
      const auto& on = graph;
      for (const double p : {0.0, 0.5}) {
        const auto result = autograd::check_gradients(
            [&] {
              const Variable y =
                  gatv2_attention(on, in.src, in.dst, in.att, {.dropout = p}, &stream);
              return ops::sum(ops::mul(y, weights));
            },
            {{"src", in.src}, {"dst", in.dst}, {"att", in.att}});
        INFO(name << ", " << heads << " heads, p = " << p << ": " << result.where);
        CHECK(result.passed);
      }
    }
  }
}

TEST_CASE("gatv2_attention with values of their own: equal ones change nothing, others are summed",
          "[sparse][gradient]") {
  const graph::Graph graph = testing::random_graph(12, 40);
  const core::RandomStream stream(4, core::Purpose::dropout);
  const Inputs in = random_inputs<double>(12, 3, 5);
  const Gatv2AttentionOptions options{.dropout = 0.5};
  const Variable same(in.src.value().clone());
  CHECK(
      values_of<double>(
          gatv2_attention(graph, in.src, in.dst, same, in.att, options, &stream).value()) ==
      values_of<double>(gatv2_attention(graph, in.src, in.dst, in.att, options, &stream).value()));

  const Variable values(random_tensor<double>(in.src.shape(), 9), true);
  const Variable weights(random_tensor<double>(in.src.shape(), 5));
  const auto result = autograd::check_gradients(
      [&] {
        return ops::sum(ops::mul(
            gatv2_attention(graph, in.src, in.dst, values, in.att, options, &stream), weights));
      },
      {{"src", in.src}, {"dst", in.dst}, {"values", values}, {"att", in.att}});
  INFO(result.where);
  CHECK(result.passed);
}

TEST_CASE("Derivatives of gatv2_attention in single precision follow those in double",
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
        for (const Variable& v : {in.src, in.dst, in.att}) {
          leaves.emplace_back(v.value().to(core::kDTypeOf<T>), true);
        }
        backward(gatv2_attention(graph, leaves[0], leaves[1], leaves[2], {.dropout = 0.6}, &stream),
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

TEST_CASE("gatv2_attention gives the same bits for any number of threads", "[sparse][threads]") {
  const graph::Graph graph = testing::random_graph(3000, 12000);
  const core::RandomStream stream(4, core::Purpose::dropout);
  std::vector<std::vector<float>> first;
  for (const int threads : {1, 2, 8}) {
    core::with_threads(threads, [&] {
      const Inputs in = random_inputs<float>(3000, 8, 8);
      const Variable y = gatv2_attention(graph, in.src, in.dst, in.att, {.dropout = 0.6}, &stream);
      backward(y, random_tensor<float>({3000, 8, 8}, 6));
      const std::vector<std::vector<float>> results{
          values_of<float>(y.value()), values_of<float>(in.src.grad()),
          values_of<float>(in.dst.grad()), values_of<float>(in.att.grad())};
      first = threads == 1 ? results : first;
      CHECK(results == first);
    });
  }
}

TEST_CASE("gatv2_attention names what does not fit", "[sparse]") {
  const graph::Graph graph({0, 1}, {0});
  const Inputs in = random_inputs<float>(1, 2, 3);
  const Variable other(Tensor::zeros({3, 3}));
  CHECK_THROWS_WITH(gatv2_attention(graph, in.src, in.dst, other, {}),
                    Catch::Contains("att") && Catch::Contains("got [3, 3]"));
  CHECK_THROWS_AS(gatv2_attention(graph, random_inputs<float>(2, 2, 3).src, in.dst, in.att, {}),
                  ShapeError);
  CHECK_THROWS_AS(gatv2_attention(graph, in.src, in.dst, in.att, {.dropout = 1}), InvalidArgument);
}

}  // namespace
}  // namespace attune::sparse
