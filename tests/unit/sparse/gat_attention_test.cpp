#include <catch2/catch.hpp>

#include "sparse/plain_kernels.hpp"
#include "support/awkward_graphs.hpp"
#include "support/random_graph.hpp"
#include "support/random_values.hpp"
#include <attune/autograd/gradient_check.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/ops/dropout.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/sparse/gat_attention.hpp>

namespace attune::sparse {
namespace {

using core::Tensor;
using testing::largest_error;
using testing::random_graph;
using testing::random_tensor;
using testing::values_of;

struct Inputs {
  Variable z;
  Variable att_dst;
  Variable att_src;
};

template <class T>
Inputs random_inputs(std::int64_t nodes, std::int64_t heads, std::int64_t channels) {
  return {Variable(random_tensor<T>({nodes, heads, channels}, 1), true),
          Variable(random_tensor<T>({heads, channels}, 2), true),
          Variable(random_tensor<T>({heads, channels}, 3), true)};
}

TEMPLATE_TEST_CASE("gat_attention agrees with its plain twin on awkward graphs", "[sparse]", float,
                   double) {
  const double tolerance = sizeof(TestType) == 4 ? 2e-5 : 1e-13;
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    for (const std::int64_t heads : {1, 2, 3, 4, 8, 9}) {
      for (const std::int64_t channels : {1, 3, 4, 6, 7, 8, 12, 16, 20, 64}) {
        CAPTURE(name, heads, channels);
        const Inputs in = random_inputs<TestType>(graph.num_nodes(), heads, channels);
        const auto z = values_of<TestType>(in.z.value());
        const auto expected = plain::gat_coefficients<TestType>(
            graph, heads, channels, z, values_of<TestType>(in.att_dst.value()),
            values_of<TestType>(in.att_src.value()), TestType(0.2));
        Tensor alpha;
        const Variable y = gat_attention(graph, in.z, in.att_dst, in.att_src, {}, nullptr, &alpha);
        CHECK(largest_error(values_of<TestType>(alpha), expected) < tolerance);
        CHECK(largest_error(values_of<TestType>(y.value()),
                            plain::aggregate(graph, heads, channels, expected, z)) < tolerance);
      }
    }
  }
}

TEST_CASE("The derivatives of gat_attention pass the gradient check", "[sparse][gradient]") {
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const auto& [name, graph] : testing::awkward_graphs()) {
    if (graph.num_nodes() == 0 || graph.num_nodes() > 20) {
      continue;
    }
    for (const std::int64_t heads : {1, 3}) {
      for (const std::int64_t channels : {2, 5}) {
        const Inputs in = random_inputs<double>(graph.num_nodes(), heads, channels);
        const Variable weights(random_tensor<double>(in.z.shape(), 5));
        const auto& on = graph;
        for (const double p : {0.0, 0.5}) {
          const auto result = autograd::check_gradients(
              [&, heads = heads] {
                const Variable y =
                    gat_attention(on, in.z, in.att_dst, in.att_src, {.dropout = p}, &stream);
                return ops::sum(ops::mul(y, weights));
              },
              {{"z", in.z}, {"att_dst", in.att_dst}, {"att_src", in.att_src}});
          INFO(name << ", " << heads << " heads, p = " << p << ": " << result.where);
          CHECK(result.passed);
        }
      }
    }
  }
}

TEST_CASE("gat_attention with values of their own: equal ones change nothing, others are summed",
          "[sparse][gradient]") {
  const graph::Graph graph = random_graph(12, 40);
  const core::RandomStream stream(4, core::Purpose::dropout);
  const Inputs in = random_inputs<double>(12, 3, 5);
  const GatAttentionOptions options{.dropout = 0.5};
  const Variable same(in.z.value().clone());
  CHECK(values_of<double>(
            gat_attention(graph, in.z, same, in.att_dst, in.att_src, options, &stream).value()) ==
        values_of<double>(
            gat_attention(graph, in.z, in.att_dst, in.att_src, options, &stream).value()));

  const Variable values(random_tensor<double>(in.z.shape(), 9), true);
  const Variable weights(random_tensor<double>(in.z.shape(), 5));
  const auto result = autograd::check_gradients(
      [&] {
        return ops::sum(ops::mul(
            gat_attention(graph, in.z, values, in.att_dst, in.att_src, options, &stream), weights));
      },
      {{"z", in.z}, {"values", values}, {"att_dst", in.att_dst}, {"att_src", in.att_src}});
  INFO(result.where);
  CHECK(result.passed);
}

TEST_CASE("Derivatives in single precision follow those in double, vector by vector",
          "[sparse][gradient]") {
  const graph::Graph graph = random_graph(40, 150);
  const core::RandomStream stream(4, core::Purpose::dropout);
  for (const std::int64_t heads : {1, 2, 4, 8, 12}) {
    for (const std::int64_t channels : {1, 4, 7, 8, 16, 24}) {
      CAPTURE(heads, channels);
      const auto gradients = [&]<class T>() {
        const Inputs in = random_inputs<T>(40, heads, channels);
        backward(gat_attention(graph, in.z, in.att_dst, in.att_src, {.dropout = 0.6}, &stream),
                 random_tensor<T>({40, heads, channels}, 6));
        std::vector<double> all;
        for (const Variable& v : {in.z, in.att_dst, in.att_src}) {
          const Tensor grad = v.grad().to(core::DType::f64);
          const auto values = values_of<double>(grad);
          all.insert(all.end(), values.begin(), values.end());
        }
        return all;
      };
      CHECK(largest_error(gradients.operator()<float>(), gradients.operator()<double>()) < 1e-4);
    }
  }
}

TEST_CASE("Dropout of coefficients drops the lanes the stream says", "[sparse]") {
  const graph::Graph graph = random_graph(30, 90);
  const std::int64_t heads = 3;
  const std::int64_t channels = 4;
  const core::RandomStream stream(8, core::Purpose::dropout, 2, 7);
  const Inputs in = random_inputs<double>(30, heads, channels);
  const auto rate = ops::DropoutRate::of(0.3, "test");
  Tensor alpha;
  const Variable y =
      gat_attention(graph, in.z, in.att_dst, in.att_src, {.dropout = 0.3}, &stream, &alpha);
  std::vector<double> weight = values_of<double>(alpha);
  std::vector<std::uint16_t> lanes(weight.size());
  stream.lanes(0, lanes);
  for (std::size_t i = 0; i < weight.size(); ++i) {
    CHECK(weight[i] >= 0);  // as reported, before dropout
    weight[i] = lanes[i] < rate.threshold ? 0 : weight[i] * rate.scale;
  }
  const auto expected =
      plain::aggregate(graph, heads, channels, weight, values_of<double>(in.z.value()));
  CHECK(largest_error(values_of<double>(y.value()), expected) < 1e-13);
}

TEST_CASE("gat_attention gives the same bits for any number of threads", "[sparse][threads]") {
  const graph::Graph graph = random_graph(3000, 12000);
  const core::RandomStream stream(4, core::Purpose::dropout);
  std::vector<std::vector<float>> first;
  for (const int threads : {1, 2, 8}) {
    core::with_threads(threads, [&] {
      const Inputs in = random_inputs<float>(3000, 8, 8);
      const Variable y =
          gat_attention(graph, in.z, in.att_dst, in.att_src, {.dropout = 0.6}, &stream);
      backward(y, random_tensor<float>({3000, 8, 8}, 6));
      const std::vector<std::vector<float>> results{
          values_of<float>(y.value()), values_of<float>(in.z.grad()),
          values_of<float>(in.att_dst.grad()), values_of<float>(in.att_src.grad())};
      first = threads == 1 ? results : first;
      CHECK(results == first);
    });
  }
}

TEST_CASE("gat_attention names what does not fit", "[sparse]") {
  const graph::Graph graph({0, 1}, {0});
  const Inputs in = random_inputs<float>(1, 2, 3);
  const Variable other(Tensor::zeros({3, 3}));
  CHECK_THROWS_WITH(gat_attention(graph, in.z, other, in.att_src, {}),
                    Catch::Contains("att_dst") && Catch::Contains("[2, 3]"));
  CHECK_THROWS_AS(gat_attention(graph, random_inputs<float>(2, 2, 3).z, in.att_dst, in.att_src, {}),
                  ShapeError);
  CHECK_THROWS_AS(gat_attention(graph, in.z, in.att_dst, in.att_src, {.dropout = 1}),
                  InvalidArgument);
  CHECK_THROWS_AS(gat_attention(graph, in.z, in.att_dst, in.att_src, {.dropout = std::nan("")}),
                  InvalidArgument);
}

}  // namespace
}  // namespace attune::sparse
