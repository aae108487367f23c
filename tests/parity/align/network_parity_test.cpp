#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "parity/align/align_fixture.hpp"
#include "parity/reference_layer.hpp"
#include "support/fixture.hpp"
#include "support/tensors.hpp"
#include <attune/core/text.hpp>
#include <attune/ops/cross_entropy.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/train/alignment.hpp>

namespace attune::testing {

using core::Tensor;

namespace {

// `layers.0.gate_w` is `align1_gate_w` in the fixtures.
std::string fixture_name(const std::string& name) {
  const std::size_t dot = name.find('.', 7);
  return core::text("align", std::stoi(name.substr(7, dot - 7)) + 1, "_", name.substr(dot + 1));
}

}  // namespace

TEST_CASE("alignment: the gradients of a whole network are the reference's", "[align][parity]") {
  const std::string layer = GENERATE("gat", "gatv2", "transformer");
  const std::string distance = GENERATE("gan", "ct", "mmd");
  const Tolerance tolerance = GENERATE(kFloat, kDouble);
  CAPTURE(layer, distance, tolerance.loss);
  const Fixture fixture("network_" + layer + "_" + distance);
  const graph::Graph graph = fixture.graph();
  const ReferenceLayer first(
      layer, {.in_channels = 6, .out_channels = 4, .heads = 3, .activation = nn::Activation::elu},
      fixture, "layer1_", tolerance.dtype);
  const ReferenceLayer second(layer, {.in_channels = 12, .out_channels = 3, .concat = false},
                              fixture, "layer2_", tolerance.dtype);

  train::AlignmentRegularizer alignment(
      {.distance = {.kind = align::kind_of(distance), .samples = 0, .hidden = 5},
       .weight = fixture.number("lam")});
  Variable logits;
  const auto pass = [&] {
    nn::ForwardContext context;
    context.head_sink = alignment.head_sink();
    const Variable x(fixture.tensor("x", tolerance.dtype));
    logits = second.layer().forward(first.layer().forward(x, graph, context), graph, context);
  };
  pass();
  alignment.initialize(0);
  std::vector<nn::NamedParameter> parameters = alignment.parameters();
  for (nn::NamedParameter& parameter : parameters) {
    parameter.variable.set_value(
        fixture.tensor("param_" + fixture_name(parameter.name), tolerance.dtype));
  }

  alignment.begin_step(0, 1);
  pass();
  std::vector<std::int32_t> labels;
  for (const std::int64_t label : fixture.ints("y")) {
    labels.push_back(static_cast<std::int32_t>(label));
  }
  const Variable task = ops::cross_entropy(logits, labels, fixture.ints("train"));
  const Variable total = ops::add(task, alignment.loss());
  autograd::backward(total);

  const double expected = fixture.number("total");
  CHECK(std::abs(total.value().item() - expected) <= tolerance.loss * std::abs(expected));
  const std::vector<double> terms = values(fixture.tensor("align"));
  REQUIRE(alignment.per_head().size() == terms.size());
  for (std::size_t l = 0; l < terms.size(); ++l) {
    double sum = 0;
    for (const double term : values(alignment.per_head()[l])) {
      sum += term;
    }
    CHECK(std::abs(sum - terms[l]) <= tolerance.loss * std::abs(terms[l]));
  }
  // Entries of order one.
  first.check_gradients(fixture, "step", tolerance.gradient);
  second.check_gradients(fixture, "step", tolerance.gradient);
  for (const nn::NamedParameter& parameter : parameters) {
    require_close(parameter.variable.grad(), fixture.tensor("step_" + fixture_name(parameter.name)),
                  tolerance.gradient, parameter.name);
  }
}

}  // namespace attune::testing
