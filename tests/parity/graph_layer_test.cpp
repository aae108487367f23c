#include <string>

#include <catch2/catch.hpp>

#include "reference_layer.hpp"
#include "support/fixture.hpp"
#include "support/tensors.hpp"

using namespace attune;
using core::DType;
using core::Tensor;
using testing::max_difference;

namespace {

struct Reports final : nn::HeadSink, nn::AttentionSink {
  void receive(const nn::AttentionHeads& reported) override { heads = reported; }
  void receive(const Tensor& reported) override { alpha = reported; }
  nn::AttentionHeads heads;
  Tensor alpha;
};

// Rows of `given`, which follows the caller's edges, in the order of the graph.
Tensor in_graph_order(const Tensor& given, const graph::Graph& graph) {
  const std::int64_t heads = given.size(1);
  Tensor result = Tensor::empty(given.shape(), DType::f64);
  for (std::int64_t e = 0; e < graph.num_edges(); ++e) {
    const std::int64_t from = graph.input_edge()[static_cast<std::size_t>(e)];
    for (std::int64_t h = 0; h < heads; ++h) {
      result.mutable_data<double>()[e * heads + h] = given.data<double>()[from * heads + h];
    }
  }
  return result;
}

double difference(const Tensor& found, const Tensor& expected) {
  return max_difference(found.to(DType::f64), expected);
}

}  // namespace

TEST_CASE("graph layers: outputs, coefficients, heads and all gradients of the reference",
          "[parity]") {
  const std::string kind = GENERATE("gat", "gatv2", "transformer");
  const std::string heads = GENERATE("concat", "mean");
  const DType dtype = GENERATE(DType::f64, DType::f32);
  CAPTURE(kind, heads, core::to_string(dtype));
  // Entries are of order one, sums have at most a few dozen terms: what remains is rounding.
  const double tolerance = dtype == DType::f64 ? 1e-13 : 1e-5;

  const testing::Fixture fixture("layer_" + kind + "_" + heads);
  const graph::Graph graph = fixture.graph();
  const testing::ReferenceLayer reference(kind,
                                          {.in_channels = fixture.tensor("x").size(1),
                                           .out_channels = fixture.tensor("q").size(2),
                                           .heads = fixture.integer("heads"),
                                           .concat = fixture.flag("concat")},
                                          fixture, "", dtype);

  Reports reports;
  nn::ForwardContext ctx;
  ctx.head_sink = &reports;
  ctx.attention_sink = &reports;
  const Variable x(fixture.tensor("x", dtype), true);
  const Variable out = reference.layer().forward(x, graph, ctx);
  CHECK(difference(out.value(), fixture.tensor("out")) < tolerance);
  CHECK(difference(reports.alpha, in_graph_order(fixture.tensor("alpha"), graph)) < tolerance);
  CHECK(difference(reports.heads.queries.value(), fixture.tensor("q")) < tolerance);
  CHECK(difference(reports.heads.keys.value(), fixture.tensor("k")) < tolerance);

  backward(out, fixture.tensor("upstream", dtype));
  CHECK(difference(x.grad(), fixture.tensor("grad_x")) < tolerance);
  reference.check_gradients(fixture, "grad", tolerance);
}
