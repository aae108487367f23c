#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/fixture.hpp"
#include "support/parameters.hpp"
#include "support/tensors.hpp"
#include <attune/nn/gat_conv.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using testing::max_difference;
using testing::parameter;

namespace {

struct Reports final : nn::HeadSink, nn::AttentionSink {
  void receive(const nn::AttentionHeads& reported) override { heads = reported; }
  void receive(const Tensor& reported) override { alpha = reported; }
  nn::AttentionHeads heads;
  Tensor alpha;
};

Tensor transposed(const Tensor& matrix) {
  const std::int64_t rows = matrix.size(0);
  const std::int64_t columns = matrix.size(1);
  Tensor result = Tensor::empty({columns, rows}, DType::f64);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t c = 0; c < columns; ++c) {
      result.mutable_data<double>()[c * rows + i] = matrix.data<double>()[i * columns + c];
    }
  }
  return result;
}

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

TEST_CASE("GATConv: outputs, coefficients, heads and all gradients of the reference", "[parity]") {
  const std::string name = GENERATE("layer_gat_concat", "layer_gat_mean");
  const DType dtype = GENERATE(DType::f64, DType::f32);
  CAPTURE(name, core::to_string(dtype));
  // Entries are of order one, sums have at most a few dozen terms: what remains is rounding.
  const double tolerance = dtype == DType::f64 ? 1e-13 : 1e-5;

  const testing::Fixture fixture(name);
  const graph::Graph graph = fixture.graph();
  const std::int64_t heads = fixture.integer("heads");
  const core::Shape att_shape = fixture.tensor("param_att_src").shape();
  nn::Initializer init(0);
  const nn::GATConv conv({.in_channels = fixture.tensor("x").size(1),
                          .out_channels = att_shape[1],
                          .heads = heads,
                          .concat = fixture.flag("concat"),
                          .negative_slope = 0.2,
                          .expect_self_loops = false},
                         init);
  for (const char* const both : {"att_src", "att_dst", "bias"}) {
    parameter(conv, both).set_value(fixture.tensor(std::string("param_") + both, dtype));
  }
  parameter(conv, "weight").set_value(transposed(fixture.tensor("param_w")).to(dtype));

  Reports reports;
  nn::ForwardContext ctx;
  ctx.head_sink = &reports;
  ctx.attention_sink = &reports;
  const Variable x(fixture.tensor("x", dtype), true);
  const Variable out = conv.forward(x, graph, ctx);
  CHECK(difference(out.value(), fixture.tensor("out")) < tolerance);
  CHECK(difference(reports.alpha, in_graph_order(fixture.tensor("alpha"), graph)) < tolerance);
  CHECK(difference(reports.heads.queries.value(), fixture.tensor("q")) < tolerance);
  CHECK(difference(reports.heads.keys.value(), fixture.tensor("k")) < tolerance);

  backward(out, fixture.tensor("upstream", dtype));
  CHECK(difference(x.grad(), fixture.tensor("grad_x")) < tolerance);
  CHECK(difference(parameter(conv, "weight").grad(), transposed(fixture.tensor("grad_w"))) <
        tolerance);
  for (const char* const both : {"att_src", "att_dst", "bias"}) {
    CAPTURE(both);
    CHECK(difference(parameter(conv, both).grad(), fixture.tensor(std::string("grad_") + both)) <
          tolerance);
  }
}
