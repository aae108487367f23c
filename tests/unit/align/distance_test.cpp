#include <cmath>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/align/ct.hpp>
#include <attune/align/distance.hpp>
#include <attune/align/mmd.hpp>
#include <attune/core/error.hpp>
#include <attune/graph/builder.hpp>
#include <attune/ops/elementwise.hpp>

namespace attune::testing {

using align::Kind;
using core::Tensor;

namespace {

const core::RandomStream kRandom(13, core::Purpose::alignment);

struct Heads {
  Variable queries = random_leaf({60, 2, 4}, 1);
  Variable keys = random_leaf({60, 2, 4}, 2);
  align::Clouds clouds{.queries = queries, .keys = keys};
};

}  // namespace

TEST_CASE("distance: one interface to all kinds", "[align]") {
  const Heads heads;
  const auto kind = GENERATE(Kind::gan, Kind::ot, Kind::ct, Kind::mmd);
  CAPTURE(align::to_string(kind));
  const auto distance = align::make_distance({.kind = kind}, heads.clouds, kRandom);
  Tensor per_head;
  const Variable loss = distance->loss(heads.clouds, kRandom, &per_head);
  const std::vector<double> terms = values(per_head);
  REQUIRE(terms.size() == 2);
  CHECK(loss.value().item() == Approx(terms[0] + terms[1]).epsilon(1e-13));
  autograd::backward(loss);
  CHECK(heads.queries.grad().defined());
  for (const align::Parameter& parameter : distance->parameters()) {
    CAPTURE(parameter.name);
    CHECK(parameter.variable.grad().defined());
  }
  const std::size_t learned = kind == Kind::gan ? 8 : kind == Kind::ct ? 12 : 0;
  CHECK(distance->parameters().size() == learned);
}

TEST_CASE("distance: samples are drawn fresh at every step", "[align]") {
  const Heads heads;
  const auto kind = GENERATE(Kind::gan, Kind::ot, Kind::ct, Kind::mmd);
  const auto distance = align::make_distance({.kind = kind, .samples = 20}, heads.clouds, kRandom);
  const auto at = [&](std::uint32_t step) {
    return distance->loss(heads.clouds, kRandom.at_step(step)).value().item();
  };
  CHECK(at(1) == at(1));
  CHECK(at(1) != at(2));
}

TEST_CASE("distance: the options reach the distance", "[align]") {
  const Heads heads;
  const auto loss = [&](const align::Options& options) {
    return align::make_distance(options, heads.clouds, kRandom)
        ->loss(heads.clouds, kRandom)
        .value()
        .item();
  };
  const double ct = loss({});
  CHECK(loss({.hidden = 8}) != ct);
  CHECK(loss({.init = align::Initialization::normal002}) != ct);
  CHECK(loss({.tie_highway = true}) != ct);
  CHECK(loss({.dropout = 0.5}) != ct);
  CHECK(loss({.rho = 0.1}) != ct);
  CHECK(loss({.cost = align::TransportCost::chord}) != ct);
  CHECK(loss({.nav_unit = true}) != ct);
  const double ot = loss({.kind = Kind::ot});
  CHECK(loss({.kind = Kind::ot, .ot_cost = align::OtCost::cosine}) != ot);
  CHECK(loss({.kind = Kind::ot, .eps = 0.1}) != ot);
  CHECK(loss({.kind = Kind::ot, .eps_relative = true}) != ot);
  CHECK(loss({.kind = Kind::ot, .ot_iterations = 3}) != ot);
  CHECK(loss({.kind = Kind::ot, .eps = 0.1, .ot_tolerance = 1e-6}) !=
        loss({.kind = Kind::ot, .eps = 0.1}));
  CHECK(loss({.kind = Kind::ot, .ot_debias = true}) != ot);
  const double mmd = loss({.kind = Kind::mmd});
  CHECK(loss({.kind = Kind::mmd, .mmd_sigma = 2}) != mmd);
  CHECK(loss({.kind = Kind::mmd, .mmd_sigma_median = true}) ==
        loss({.kind = Kind::mmd, .mmd_sigma = align::median_distance(heads.clouds)}));
}

TEST_CASE("distance: reversal scales the ascending gradients alone", "[align]") {
  const auto gradients = [](double reversal) {
    const Heads heads;
    const auto distance =
        align::make_distance({.kind = Kind::ct, .reversal = reversal}, heads.clouds, kRandom);
    autograd::backward(distance->loss(heads.clouds, kRandom));
    std::vector<std::vector<double>> all{values(heads.queries.grad())};
    for (const align::Parameter& parameter : distance->parameters()) {
      all.push_back(values(parameter.variable.grad()));
    }
    return all;
  };
  const auto once = gradients(1);
  const auto twice = gradients(2);
  for (std::size_t p = 0; p < once.size(); ++p) {
    const bool ascends = p >= 1 && p <= 8;  // the critic
    for (std::size_t i = 0; i < once[p].size(); ++i) {
      CHECK(twice[p][i] == (ascends ? 2 : 1) * once[p][i]);
    }
  }
}

TEST_CASE("distance: over the heads, a position is a sample of its own", "[align]") {
  const Variable q = random_leaf({3, 5, 2}, 1);
  const Variable k = random_leaf({3, 5, 2}, 2);
  const auto row = [](const Variable& x, std::int64_t i) {
    const std::vector<double> all = values(x.value());
    return Variable(Tensor::from(
        std::vector<double>(all.begin() + i * 10, all.begin() + i * 10 + 10), {5, 1, 2}));
  };
  double mean = 0;
  for (std::int64_t i = 0; i < 3; ++i) {
    mean += align::mmd({.queries = row(q, i), .keys = row(k, i)}).value().item() / 3;
  }
  const align::Clouds clouds{.queries = q, .keys = k};
  const auto distance =
      align::make_distance({.kind = Kind::mmd, .axis = align::Axis::heads}, clouds, kRandom);
  const Variable loss = distance->loss(clouds, kRandom);
  CHECK(loss.value().item() == Approx(mean).epsilon(1e-13));
  require_gradients([&] { return distance->loss(clouds, kRandom); }, {{"q", q}, {"k", k}});
}

TEST_CASE(
    "distance: on edges it needs a graph, and takes all nodes: no masks, positions or segments",
    "[align]") {
  const Heads heads;
  const align::Options options{.kind = Kind::ct, .support = align::Support::edges};
  CHECK(message_of<InvalidArgument>([&] {
          (void)align::make_distance(options, heads.clouds, kRandom);
        }) == "align: support edges needs a graph, got none");
  const graph::Graph graph =
      graph::from_edges(60, std::vector<graph::Edge>{{0, 1}, {1, 2}, {5, 5}});
  const auto distance = align::make_distance(options, heads.clouds, kRandom, &graph);
  CHECK(distance->loss(heads.clouds, kRandom).value().item() > 0);
  align::Clouds masked = heads.clouds;
  const std::vector<std::uint8_t> mask(60, 1);
  masked.query_mask = mask;
  CHECK(message_of<InvalidArgument>([&] { (void)distance->loss(masked, kRandom); }) ==
        "align: support edges takes all nodes: no masks, positions or segments");
}

}  // namespace attune::testing
