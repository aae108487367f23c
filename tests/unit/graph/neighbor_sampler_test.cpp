#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "support/awkward_graphs.hpp"
#include "support/random_graph.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/graph/builder.hpp>
#include <attune/graph/neighbor_sampler.hpp>

using attune::InvalidArgument;
using attune::core::Purpose;
using attune::core::RandomStream;
using attune::graph::CsrView;
using attune::graph::Graph;
using attune::graph::NeighborSampler;
using attune::graph::ReceptiveField;
using Catch::Matchers::Contains;

namespace {

using Nodes = std::vector<std::int64_t>;

const RandomStream kRandom(7, Purpose::sampling);

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

std::int64_t loops_of(const Graph& graph, std::int64_t node) {
  const CsrView in = graph.in_edges();
  return std::count(in.col_idx.begin() + in.row_ptr[node],
                    in.col_idx.begin() + in.row_ptr[node + 1], node);
}

std::int64_t kept_of(const Graph& graph, std::int64_t node, std::int64_t fan_out) {
  const std::int64_t loops = loops_of(graph, node);
  const std::int64_t neighbors = graph.in_degree(node) - loops;
  return loops + (fan_out < 0 ? neighbors : std::min(neighbors, fan_out));
}

// Every edge is one of the graph, none comes twice, each node has min(fan-out, degree) of them and
// all its loops.
void require_sampled(const Graph& graph, const ReceptiveField& field, const Graph& block,
                     std::int64_t fan_out) {
  const CsrView in = block.in_edges();
  const CsrView all = graph.in_edges();
  for (std::int64_t i = 0; i < block.num_dst(); ++i) {
    const std::int64_t dst = field.nodes[i];
    REQUIRE(block.in_degree(i) == kept_of(graph, dst, fan_out));
    std::set<std::int64_t> edges;
    std::int64_t loops = 0;
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      const std::int64_t edge = block.input_edge()[e];
      REQUIRE(edge >= all.row_ptr[dst]);
      REQUIRE(edge < all.row_ptr[dst + 1]);
      REQUIRE(all.col_idx[edge] == field.nodes[in.col_idx[e]]);
      REQUIRE(edges.insert(edge).second);
      loops += all.col_idx[edge] == dst ? 1 : 0;
    }
    REQUIRE(loops == loops_of(graph, dst));
  }
  for (std::int64_t j = 0; j < block.num_src(); ++j) {
    REQUIRE(block.src_in_degree(j) == kept_of(graph, field.nodes[j], fan_out));
  }
}

void require_field(const Graph& graph, const Nodes& targets, const Nodes& fan_outs) {
  const ReceptiveField field = NeighborSampler(graph, fan_outs).sample(targets, kRandom);
  REQUIRE(field.blocks.size() == fan_outs.size());
  REQUIRE(copy(field.targets()) == targets);
  REQUIRE(std::set<std::int64_t>(field.nodes.begin(), field.nodes.end()).size() ==
          field.nodes.size());
  for (std::size_t hop = 0; hop < fan_outs.size(); ++hop) {
    const std::size_t layer = fan_outs.size() - 1 - hop;
    require_sampled(graph, field, field.blocks[layer], fan_outs[hop]);
    if (layer > 0) {
      REQUIRE(field.blocks[layer - 1].num_dst() == field.blocks[layer].num_src());
    }
  }
  REQUIRE(field.blocks.front().num_src() == std::ssize(field.nodes));
}

void require_equal(const ReceptiveField& a, const ReceptiveField& b) {
  REQUIRE(a.nodes == b.nodes);
  REQUIRE(a.blocks.size() == b.blocks.size());
  for (std::size_t layer = 0; layer < a.blocks.size(); ++layer) {
    REQUIRE(copy(a.blocks[layer].in_edges().row_ptr) == copy(b.blocks[layer].in_edges().row_ptr));
    REQUIRE(copy(a.blocks[layer].in_edges().col_idx) == copy(b.blocks[layer].in_edges().col_idx));
    REQUIRE(copy(a.blocks[layer].input_edge()) == copy(b.blocks[layer].input_edge()));
  }
}

}  // namespace

//   1 -> 0, 2 -> 0, 3 -> 1, with a loop at 0
TEST_CASE("NeighborSampler: takes the rows that are short enough whole", "[graph]") {
  const Graph graph = attune::graph::from_edges(
      5, std::vector<attune::graph::Edge>{{0, 0}, {1, 0}, {2, 0}, {3, 1}});
  const ReceptiveField field = NeighborSampler(graph, {2, 1}).sample(Nodes{4, 0}, kRandom);
  CHECK(field.nodes == Nodes{4, 0, 1, 2, 3});
  REQUIRE(field.blocks.size() == 2);
  const Graph& last = field.blocks[1];  // of 4, which hears nobody, and 0
  CHECK(last.num_src() == 4);
  CHECK(copy(last.in_edges().row_ptr) == Nodes{0, 0, 3});
  CHECK(copy(last.in_edges().col_idx) == std::vector<std::int32_t>{1, 2, 3});
  CHECK(copy(last.input_edge()) == Nodes{0, 1, 2});
  const Graph& first = field.blocks[0];  // 0 keeps its loop and one of two neighbours
  CHECK(copy(first.in_edges().row_ptr) == Nodes{0, 0, 2, 3, 3});
  CHECK(first.in_edges().col_idx[0] == 1);
  CHECK(first.in_edges().col_idx[2] == 4);
}

TEST_CASE("NeighborSampler: edges are of the graph and degrees those of the fan-out",
          "[graph][property]") {
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    const std::int64_t n = awkward.graph.num_nodes();
    for (const Nodes& fan_outs : {Nodes{1}, Nodes{2, 1}, Nodes{-1, 3, 1}, Nodes{10, -1}}) {
      if (n > 0) {
        CAPTURE(awkward.name, fan_outs);
        Nodes all;
        for (std::int64_t node = n - 1; node >= 0; --node) {
          all.push_back(node);
        }
        require_field(awkward.graph, all, fan_outs);
        require_field(awkward.graph, {n / 2}, fan_outs);
      }
    }
  }
  const Graph graph = attune::testing::random_graph(2000, 30000);
  require_field(graph, {3, 1999, 7, 250}, {10, 5});
  require_field(graph, {3, 1999, 7, 250}, {1, 1, 1});
}

TEST_CASE("NeighborSampler: all neighbours are what receptive_field finds", "[graph][property]") {
  const Graph graph = attune::testing::random_graph(500, 900);
  const Nodes targets{3, 499, 7, 250};
  const ReceptiveField sampled = NeighborSampler(graph, {-1, -1}).sample(targets, kRandom);
  const ReceptiveField whole = attune::graph::receptive_field(graph, targets, 2);
  const auto set = [](const std::vector<std::int64_t>& nodes, std::int64_t count) {
    return std::set<std::int64_t>(nodes.begin(), nodes.begin() + count);
  };
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const Graph& a = sampled.blocks[layer];
    const Graph& b = whole.blocks[layer];
    REQUIRE(a.num_src() == b.num_src());
    CHECK(a.num_edges() == b.num_edges());
    CHECK(set(sampled.nodes, a.num_src()) == set(whole.nodes, b.num_src()));
  }
}

TEST_CASE("NeighborSampler: the same bits on 1, 2 and 8 threads", "[graph][property][threads]") {
  const Graph graph = attune::testing::random_graph(5000, 100000);
  Nodes targets;
  for (std::int64_t node = 0; node < 3000; ++node) {
    targets.push_back((node * 7) % 5000);
  }
  const NeighborSampler sampler(graph, {10, 5});
  ReceptiveField one;
  attune::core::with_threads(1, [&] { one = sampler.sample(targets, kRandom); });
  for (const int threads : {2, 8}) {
    attune::core::with_threads(threads,
                               [&] { require_equal(sampler.sample(targets, kRandom), one); });
  }
  const ReceptiveField other = sampler.sample(targets, kRandom.at_step(1));
  CHECK(other.nodes != one.nodes);
}

TEST_CASE("NeighborSampler: every set of neighbours is as likely as any other",
          "[graph][property]") {
  // Node 0 hears 1 to 5: ten pairs, each expected in a tenth of the draws.
  std::vector<attune::graph::Edge> edges{{0, 0}};
  for (std::int64_t src = 1; src <= 5; ++src) {
    edges.push_back({src, 0});
  }
  const NeighborSampler sampler(attune::graph::from_edges(6, edges), {2});
  std::map<std::set<std::int64_t>, int> seen;
  constexpr int kDraws = 10000;
  for (int step = 0; step < kDraws; ++step) {
    const ReceptiveField field =
        sampler.sample(Nodes{0}, kRandom.at_step(static_cast<std::uint32_t>(step)));
    REQUIRE(field.nodes.size() == 3);
    ++seen[{field.nodes[1], field.nodes[2]}];
  }
  REQUIRE(seen.size() == 10);
  for (const auto& each : seen) {
    // The standard deviation of such a count is 30.
    CHECK(each.second > 1000 - 150);
    CHECK(each.second < 1000 + 150);
  }
}

TEST_CASE("NeighborSampler: refuses what makes no sense", "[graph]") {
  const Graph graph({0, 1, 1}, {1});
  const auto sampler = [&](const Nodes& fan_outs) { return NeighborSampler(graph, fan_outs); };
  REQUIRE_THROWS_AS(sampler({}), InvalidArgument);
  REQUIRE_THROWS_WITH(sampler({}), Contains("expected 1 to 1000 fan-outs, one a layer, got 0"));
  REQUIRE_THROWS_WITH(sampler({5, 0}),
                      Contains("-1, for all neighbours, or 1 to 2147483647, got 0"));
  REQUIRE_THROWS_WITH(sampler({-2}), Contains("got -2"));
  const auto sample = [&](const Nodes& targets) { return sampler({1}).sample(targets, kRandom); };
  REQUIRE_THROWS_AS(sample({}), InvalidArgument);
  REQUIRE_THROWS_WITH(sample({}), Contains("expected at least one target, got none"));
  REQUIRE_THROWS_WITH(sample({2}), Contains("a target must be 0 to 1, got 2"));
  REQUIRE_THROWS_WITH(sample({-1}), Contains("got -1"));
  REQUIRE_THROWS_WITH(sample({1, 0, 1}), Contains("target 1 is listed twice"));
  const ReceptiveField field = attune::graph::receptive_field(graph, Nodes{0}, 1);
  REQUIRE_THROWS_WITH(NeighborSampler(field.blocks[0], {1}), Contains("got a block of 2 and 1"));
}
