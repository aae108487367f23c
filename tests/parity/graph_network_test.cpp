#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "reference_layer.hpp"
#include "support/fixture.hpp"
#include "support/tensors.hpp"
#include <attune/ops/cross_entropy.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using testing::max_difference;

namespace {

constexpr double kTolerance = 1e-12;  // rounding: sums of a few hundred terms of order one

struct Heads final : nn::HeadSink {
  void receive(const nn::AttentionHeads& heads) override { layers.push_back(heads); }
  std::vector<nn::AttentionHeads> layers;
};

// Row i of head h.
const double* vector_at(const Tensor& cloud, std::int64_t i, std::int64_t h) {
  return cloud.data<double>().data() + (i * cloud.size(1) + h) * cloud.size(2);
}

// Adds to `total` the sum over all pairs and heads of sign * k(x_i, y_j) / n^2 with the Gaussian
// kernel of width one, and to `grad` its derivative with respect to x.
void add_kernel_sum(const Tensor& x, const Tensor& y, double sign, double& total, Tensor& grad) {
  const std::int64_t n = x.size(0);
  const double share = sign / static_cast<double>(n * n);
  for (std::int64_t h = 0; h < x.size(1); ++h) {
    for (std::int64_t i = 0; i < n; ++i) {
      double* slope = grad.mutable_data<double>().data() + (i * x.size(1) + h) * x.size(2);
      for (std::int64_t j = 0; j < n; ++j) {
        const double* a = vector_at(x, i, h);
        const double* b = vector_at(y, j, h);
        double distance = 0;
        for (std::int64_t c = 0; c < x.size(2); ++c) {
          distance += (a[c] - b[c]) * (a[c] - b[c]);
        }
        const double kernel = share * std::exp(-distance / 2);
        total += kernel;
        for (std::int64_t c = 0; c < x.size(2); ++c) {
          slope[c] -= kernel * (a[c] - b[c]);
        }
      }
    }
  }
}

struct Mmd {
  double value = 0;
  Tensor grad_queries;
  Tensor grad_keys;
};

// MMD of queries and keys, summed over the heads, by its definition.
Mmd mmd(const Tensor& queries, const Tensor& keys) {
  Mmd result{0, Tensor::zeros(queries.shape(), DType::f64),
             Tensor::zeros(keys.shape(), DType::f64)};
  // k(q, q') depends on q twice: once in either place.
  double twice = 0;
  add_kernel_sum(queries, queries, 2, twice, result.grad_queries);
  add_kernel_sum(keys, keys, 2, twice, result.grad_keys);
  add_kernel_sum(queries, keys, -2, result.value, result.grad_queries);
  double again = 0;
  add_kernel_sum(keys, queries, -2, again, result.grad_keys);
  result.value += twice / 2;
  return result;
}

}  // namespace

// The alignment is attached from outside, as sum(q * dL/dq + k * dL/dk) with constant derivatives,
// whose gradient is that of L.
TEST_CASE("graph networks: loss, reported heads and gradients of task and alignment", "[parity]") {
  const std::string kind = GENERATE("gat", "gatv2", "transformer");
  CAPTURE(kind);
  const testing::Fixture fixture("network_" + kind + "_mmd");
  const graph::Graph graph = fixture.graph();
  const testing::ReferenceLayer first(
      kind, {.in_channels = 6, .out_channels = 4, .heads = 3, .activation = nn::Activation::elu},
      fixture, "layer1_");
  const testing::ReferenceLayer second(
      kind, {.in_channels = 12, .out_channels = 3, .concat = false}, fixture, "layer2_");

  Heads heads;
  nn::ForwardContext ctx;
  ctx.head_sink = &heads;
  const Variable hidden = first.layer().forward(Variable(fixture.tensor("x")), graph, ctx);
  const Variable logits = second.layer().forward(hidden, graph, ctx);
  CHECK(max_difference(logits.value(), fixture.tensor("logits")) < kTolerance);

  std::vector<std::int32_t> labels;
  for (const std::int64_t label : fixture.ints("y")) {
    labels.push_back(static_cast<std::int32_t>(label));
  }
  Variable total = ops::cross_entropy(logits, labels, fixture.ints("train"));
  CHECK(std::abs(total.value().item() - fixture.number("task")) < kTolerance);

  REQUIRE(heads.layers.size() == 2);
  const std::vector<double> align = testing::values(fixture.tensor("align"));
  for (std::size_t l = 0; l < 2; ++l) {
    const nn::AttentionHeads& layer = heads.layers[l];
    const Mmd distance = mmd(layer.queries.value(), layer.keys.value());
    CHECK(std::abs(distance.value - align[l]) < kTolerance);
    const Variable pull =
        ops::add(ops::sum(ops::mul(layer.queries, Variable(distance.grad_queries))),
                 ops::sum(ops::mul(layer.keys, Variable(distance.grad_keys))));
    total = ops::add(total, ops::scale(pull, fixture.number("lam")));
  }
  backward(total);
  first.check_gradients(fixture, "step", kTolerance);
  second.check_gradients(fixture, "step", kTolerance);
}
