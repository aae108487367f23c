#include <cmath>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/align/options.hpp>
#include <attune/core/error.hpp>

namespace attune::testing {

using align::Kind;
using align::Options;

TEST_CASE("align options: the defaults are valid and those of the specification", "[align]") {
  const Options options;
  CHECK_NOTHROW(align::validate(options));
  CHECK(options.hidden == 16);
  CHECK(options.reversal == 1);
  CHECK(options.rho == 0.5);
  CHECK(options.eps == 0.01);
  CHECK(options.ot_iterations == 100);
  CHECK(options.ot_tolerance == 1e-3);
  CHECK(options.mmd_sigma == 1);
  CHECK_FALSE(options.detach_query);
  CHECK_FALSE(options.nav_unit);
  CHECK_FALSE(options.ot_debias);
  CHECK(align::num_samples({.kind = Kind::gan}) == 128);
  CHECK(align::num_samples({.kind = Kind::ct}) == 64);
  CHECK(align::num_samples({.kind = Kind::mmd}) == 128);
  CHECK(align::num_samples({.kind = Kind::ot}) == 128);
  CHECK(align::num_samples({.kind = Kind::ot, .samples = 0}) == 0);
}

TEST_CASE("align options: each out of range is refused by name", "[align]") {
  const auto message = [](const Options& options) {
    return message_of<InvalidArgument>([&] { align::validate(options); });
  };
  CHECK(message({.samples = -1}) == "align: samples must be at least 0, got -1");
  CHECK(message({.hidden = 0}) == "align: hidden must be at least 1, got 0");
  CHECK(message({.dropout = 1}) == "align: dropout must be in [0, 1), got 1");
  CHECK(message({.reversal = 0}) == "align: reversal must be positive and finite, got 0");
  CHECK(message({.rho = -0.1}) == "align: rho must be in [0, 1], got -0.1");
  CHECK(message({.eps = 0}) == "align: eps must be positive and finite, got 0");
  CHECK(message({.eps = std::nan("")}) == "align: eps must be positive and finite, got nan");
  CHECK(message({.ot_iterations = 0}) == "align: ot_iterations must be at least 1, got 0");
  CHECK(message({.ot_tolerance = -1}) == "align: ot_tolerance must be positive and finite, got -1");
  CHECK(message({.mmd_sigma = 0}) == "align: mmd_sigma must be positive and finite, got 0");
}

TEST_CASE("align options: edges are for ct and all nodes alone", "[align]") {
  const auto message = [](const Options& options) {
    return message_of<InvalidArgument>([&] { align::validate(options); });
  };
  CHECK(message({.kind = Kind::gan, .support = align::Support::edges}) ==
        "align: support edges is for ct alone, got gan");
  CHECK(message({.samples = 100, .support = align::Support::edges}) ==
        "align: support edges takes all nodes of the graph: leave axis and samples alone");
  CHECK(message({.support = align::Support::edges, .axis = align::Axis::heads}) ==
        "align: support edges takes all nodes of the graph: leave axis and samples alone");
  CHECK_NOTHROW(align::validate({.support = align::Support::edges}));
}

TEST_CASE("align options: names lead back to what they name", "[align]") {
  for (const Kind kind : {Kind::gan, Kind::ot, Kind::ct, Kind::mmd}) {
    CHECK(align::kind_of(align::to_string(kind)) == kind);
  }
  for (const align::Support support : {align::Support::nodes, align::Support::edges}) {
    CHECK(align::support_of(align::to_string(support)) == support);
  }
  CHECK(message_of<InvalidArgument>([] { (void)align::kind_of("cct"); }) ==
        "align: expected gan, ot, ct or mmd, got \"cct\"");
  CHECK(message_of<InvalidArgument>([] { (void)align::support_of("node"); }) ==
        "align: support: expected nodes or edges, got \"node\"");
}

}  // namespace attune::testing
