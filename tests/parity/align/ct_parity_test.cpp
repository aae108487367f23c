#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "parity/align/align_fixture.hpp"
#include <attune/align/ct.hpp>
#include <attune/align/ct_edges.hpp>
#include <attune/graph/builder.hpp>

namespace attune::testing {

namespace {

align::CtOptions options_of(const std::string& name) {
  align::CtOptions options;
  if (name == "ct_chord") {
    options.cost = align::TransportCost::chord;
    options.nav_unit = true;
  } else if (name == "ct_rho") {
    options.rho = 0.2;
  }
  return options;
}

}  // namespace

TEST_CASE("ct: losses and gradients are the reference's", "[align][parity]") {
  const std::string name = GENERATE("ct_small", "ct_masked", "ct_rect", "ct_one", "ct_tiles",
                                    "ct_gathead", "ct_rho", "ct_chord");
  const Tolerance tolerance = GENERATE(kFloat, kDouble);
  CAPTURE(name, tolerance.loss);
  const AlignFixture fixture(name, tolerance.dtype);
  const align::Network critic = fixture.highway_network();
  const align::Network navigator = fixture.navigator();
  core::Tensor per_head;
  const Variable loss =
      align::ct(fixture.clouds(), critic, navigator,
                core::RandomStream(0, core::Purpose::alignment), options_of(name), &per_head);
  autograd::backward(loss);

  CHECK(std::abs(loss.value().item() - fixture.loss()) <= tolerance.loss * fixture.loss());
  require_close(per_head, fixture.per_head(), tolerance.loss, "terms");
  fixture.require_cloud_gradients(tolerance.gradient);
  fixture.require_parameter_gradients(align::named_parameters(critic, true), tolerance.gradient);
  fixture.require_parameter_gradients(align::named_parameters(navigator, false),
                                      tolerance.gradient);
}

TEST_CASE("ct_on_edges: losses and gradients are the reference's", "[align][parity]") {
  const Tolerance tolerance = GENERATE(kFloat, kDouble);
  CAPTURE(tolerance.loss);
  const AlignFixture fixture("ct_edges", tolerance.dtype);
  const graph::Graph graph =
      graph::from_edges(fixture.clouds().queries.shape()[0], fixture.file().edges(),
                        {.duplicates = graph::Duplicates::keep});
  const align::Network critic = fixture.highway_network();
  const align::Network navigator = fixture.navigator();
  core::Tensor per_head;
  const Variable loss =
      align::ct_on_edges(graph, fixture.clouds().queries, fixture.clouds().keys, critic, navigator,
                         core::RandomStream(0, core::Purpose::alignment), {}, &per_head);
  autograd::backward(loss);

  CHECK(std::abs(loss.value().item() - fixture.loss()) <= tolerance.loss * fixture.loss());
  require_close(per_head, fixture.per_head(), tolerance.loss, "terms");
  fixture.require_cloud_gradients(tolerance.gradient);
  fixture.require_parameter_gradients(align::named_parameters(critic, true), tolerance.gradient);
  fixture.require_parameter_gradients(align::named_parameters(navigator, false),
                                      tolerance.gradient);
}

}  // namespace attune::testing
