#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "layer_test_support.hpp"
#include "support/awkward_graphs.hpp"
#include "support/parameters.hpp"
#include "support/random_graph.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/receptive_field.hpp>
#include <attune/nn/sage_conv.hpp>

using namespace attune;
using core::Tensor;
using nn::ForwardContext;
using nn::SAGEConv;
using testing::message_of;
using testing::parameter;
using testing::values;

namespace {

using Matrix = std::vector<double>;

Matrix product(const Matrix& x, const Matrix& w, std::int64_t in, std::int64_t out) {
  Matrix y(x.size() / static_cast<std::size_t>(in) * static_cast<std::size_t>(out));
  for (std::int64_t i = 0; i * in < std::ssize(x); ++i) {
    for (std::int64_t k = 0; k < in; ++k) {
      for (std::int64_t c = 0; c < out; ++c) {
        y[i * out + c] += x[i * in + k] * w[k * out + c];
      }
    }
  }
  return y;
}

// Mean first and product then, as the paper has it; the layer does it the other way round.
Matrix reference(const SAGEConv& conv, const graph::Graph& graph, const Matrix& x, std::int64_t in,
                 std::int64_t out) {
  const graph::CsrView edges = graph.in_edges();
  Matrix means(x.size());
  for (std::int64_t i = 0; i < graph.num_nodes(); ++i) {
    std::int64_t others = 0;
    for (std::int64_t e = edges.row_ptr[i]; e < edges.row_ptr[i + 1]; ++e) {
      for (std::int64_t k = 0; k < in && edges.col_idx[e] != i; ++k) {
        means[i * in + k] += x[edges.col_idx[e] * in + k];
      }
      others += edges.col_idx[e] != i ? 1 : 0;
    }
    for (std::int64_t k = 0; k < in && others > 0; ++k) {
      means[i * in + k] /= static_cast<double>(others);
    }
  }
  const Matrix own = product(x, values(parameter(conv, "root_weight").value()), in, out);
  Matrix y = product(means, values(parameter(conv, "neighbour_weight").value()), in, out);
  const Matrix bias = values(parameter(conv, "bias").value());
  for (std::size_t i = 0; i < y.size(); ++i) {
    y[i] += own[i] + bias[i % static_cast<std::size_t>(out)];
  }
  return y;
}

}  // namespace

TEST_CASE("SAGEConv: agrees with a float64 reference that averages first", "[nn][parity]") {
  for (const testing::AwkwardGraph& awkward : testing::awkward_graphs()) {
    CAPTURE(awkward.name);
    nn::Initializer init(0);
    SAGEConv conv({.in_channels = 5, .out_channels = 4}, init);
    testing::randomize(conv, 3);
    const Tensor x = testing::random_tensor({awkward.graph.num_nodes(), 5}, 1);
    for (const auto& [dtype, tolerance] :
         {std::pair(core::DType::f32, 1e-5), std::pair(core::DType::f64, 1e-12)}) {
      conv.to(dtype);
      const Matrix expected = reference(conv, awkward.graph, values(x), 5, 4);
      ForwardContext ctx;
      const Matrix y = values(conv.forward(Variable(x.to(dtype)), awkward.graph, ctx).value());
      REQUIRE(y.size() == expected.size());
      for (std::size_t i = 0; i < y.size(); ++i) {
        REQUIRE(y[i] == Approx(expected[i]).margin(tolerance));
      }
    }
  }
}

TEST_CASE("SAGEConv: self-loops change nothing", "[nn][property]") {
  nn::Initializer init(0);
  const SAGEConv conv({.in_channels = 3, .out_channels = 2}, init);
  const Variable x = testing::random_leaf({4, 3}, 1, core::DType::f32);
  ForwardContext ctx;
  const graph::Graph plain = graph::from_edges(4, testing::small_edges());
  CHECK(testing::max_difference(conv.forward(x, plain, ctx).value(),
                                conv.forward(x, testing::small_graph(), ctx).value()) < 1e-6);
}

TEST_CASE("SAGEConv: a block yields what the whole graph yields at its nodes", "[nn][property]") {
  const graph::Graph graph = testing::random_graph(200, 900);
  const graph::ReceptiveField field =
      graph::receptive_field(graph, std::vector<std::int64_t>{150, 3, 77}, 1);
  nn::Initializer init(0);
  SAGEConv conv({.in_channels = 3, .out_channels = 2, .residual = true}, init);
  const Variable x = testing::random_leaf({200, 3}, 1, core::DType::f32);
  ForwardContext ctx;
  const Matrix all = values(conv.forward(x, graph, ctx).value());
  const nn::Features part = nn::select_rows(Variable(x.value()), field.nodes);
  const Matrix some = values(conv.forward(part, field.blocks[0], ctx).value());
  for (std::int64_t i = 0; i < 3; ++i) {
    for (std::int64_t c = 0; c < 2; ++c) {
      CHECK(some[i * 2 + c] == Approx(all[field.nodes[i] * 2 + c]).margin(1e-5));
    }
  }
}

TEST_CASE("SAGEConv: derivatives agree with central differences", "[nn][gradient]") {
  const bool residual = GENERATE(false, true);
  const std::int64_t out = GENERATE(2, 3);
  const nn::Activation activation =
      GENERATE(nn::Activation::none, nn::Activation::elu, nn::Activation::relu);
  nn::Initializer init(0);
  SAGEConv conv(
      {.in_channels = 3, .out_channels = out, .residual = residual, .activation = activation},
      init);
  conv.to(core::DType::f64);
  testing::randomize(conv, 7);
  const Variable x = testing::random_leaf({4, 3}, 2);
  std::vector<autograd::NamedInput> inputs = testing::all_parameters(conv);
  CHECK(inputs.size() == (residual && out != 3 ? 4 : 3));
  inputs.push_back({"x", x});
  testing::require_gradients(
      [&] {
        ForwardContext ctx;
        return testing::weighted_sum(conv.forward(x, testing::small_graph(), ctx));
      },
      inputs);
}

TEST_CASE("SAGEConv: refuses options and features that do not fit", "[nn]") {
  nn::Initializer init(0);
  CHECK(message_of<InvalidArgument>([&] {
          const SAGEConv conv({.in_channels = 3, .out_channels = 0}, init);
        }) == "SAGEConv: out_channels must be 1 to 2147483647, got 0");
  CHECK(message_of<InvalidArgument>([&] {
          const SAGEConv conv({.in_channels = 3, .out_channels = 2, .dropout = 1.5}, init);
        }) == "SAGEConv: dropout must be in [0, 1), got 1.5");
  const SAGEConv conv({.in_channels = 3, .out_channels = 2}, init);
  ForwardContext ctx;
  CHECK(message_of<ShapeError>([&] {
          (void)conv.forward(Variable(Tensor::zeros({4, 4})), testing::small_graph(), ctx);
        }) == "SAGEConv::forward: x must be [num_nodes=4, in_channels=3], got [4, 4]");
}
