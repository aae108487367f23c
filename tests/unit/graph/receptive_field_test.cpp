#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "support/awkward_graphs.hpp"
#include "support/random_graph.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/builder.hpp>
#include <attune/graph/receptive_field.hpp>

using attune::InvalidArgument;
using attune::graph::from_edges;
using attune::graph::Graph;
using attune::graph::receptive_field;
using attune::graph::ReceptiveField;
using Catch::Matchers::Contains;

namespace {

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

// Nodes from which a target is reached in at most `hops` edges, the targets among them.
std::set<std::int64_t> reached(const Graph& graph, const std::vector<std::int64_t>& targets,
                               std::int64_t hops) {
  std::set<std::int64_t> nodes(targets.begin(), targets.end());
  const attune::graph::CsrView in = graph.in_edges();
  for (std::int64_t hop = 0; hop < hops; ++hop) {
    for (const std::int64_t dst : std::set<std::int64_t>(nodes)) {
      nodes.insert(in.col_idx.begin() + in.row_ptr[dst], in.col_idx.begin() + in.row_ptr[dst + 1]);
    }
  }
  return nodes;
}

std::set<std::int64_t> first_of(const ReceptiveField& field, std::int64_t count) {
  return {field.nodes.begin(), field.nodes.begin() + count};
}

// Every edge of the block is one of the graph, and no in-edge of a dst node is missing.
void require_cut_from(const Graph& graph, const ReceptiveField& field, const Graph& block) {
  const attune::graph::CsrView in = block.in_edges();
  const attune::graph::CsrView all = graph.in_edges();
  for (std::int64_t i = 0; i < block.num_dst(); ++i) {
    const std::int64_t dst = field.nodes[i];
    REQUIRE(block.in_degree(i) == graph.in_degree(dst));
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      const std::int64_t edge = block.input_edge()[e];
      REQUIRE(edge >= all.row_ptr[dst]);
      REQUIRE(edge < all.row_ptr[dst + 1]);
      REQUIRE(all.col_idx[edge] == field.nodes[in.col_idx[e]]);
    }
    std::set<std::int64_t> edges(block.input_edge().begin() + in.row_ptr[i],
                                 block.input_edge().begin() + in.row_ptr[i + 1]);
    REQUIRE(static_cast<std::int64_t>(edges.size()) == graph.in_degree(dst));
  }
  for (std::int64_t j = 0; j < block.num_src(); ++j) {
    REQUIRE(block.src_in_degree(j) == graph.in_degree(field.nodes[j]));
  }
}

void require_field(const Graph& graph, const std::vector<std::int64_t>& targets,
                   std::int64_t layers) {
  const ReceptiveField field = receptive_field(graph, targets, layers);
  REQUIRE(static_cast<std::int64_t>(field.blocks.size()) == layers);
  REQUIRE(first_of(field, std::ssize(field.nodes)).size() == field.nodes.size());
  REQUIRE(std::is_permutation(targets.begin(), targets.end(), field.targets().begin(),
                              field.targets().end()));
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const Graph& block = field.blocks[layer];
    const std::int64_t hops = layers - layer;
    REQUIRE(first_of(field, block.num_src()) == reached(graph, targets, hops));
    REQUIRE(first_of(field, block.num_dst()) == reached(graph, targets, hops - 1));
    require_cut_from(graph, field, block);
  }
  REQUIRE(field.blocks.front().num_src() == std::ssize(field.nodes));
}

}  // namespace

//   4 -> 3 -> 1 -> 0, 2 -> 0, 0 -> 3
TEST_CASE("receptive_field: two layers of a small graph", "[graph]") {
  const Graph graph =
      from_edges(5, std::vector<attune::graph::Edge>{{4, 3}, {3, 1}, {1, 0}, {2, 0}, {0, 3}});
  const ReceptiveField field = receptive_field(graph, std::vector<std::int64_t>{0}, 2);
  // 0 hears 2, which hears nobody, and 1, which hears 3; 4 is too far away.
  CHECK(field.nodes == std::vector<std::int64_t>{0, 2, 1, 3});
  CHECK(copy(field.targets()) == std::vector<std::int64_t>{0});
  REQUIRE(field.blocks.size() == 2);
  const Graph& last = field.blocks[1];
  CHECK(last.num_dst() == 1);
  CHECK(last.num_src() == 3);
  CHECK(copy(last.in_edges().row_ptr) == std::vector<std::int64_t>{0, 2});
  CHECK(copy(last.in_edges().col_idx) == std::vector<std::int32_t>{1, 2});
  CHECK(copy(last.input_edge()) == std::vector<std::int64_t>{1, 0});  // 2 -> 0, 1 -> 0
  const Graph& first = field.blocks[0];
  CHECK(first.num_dst() == 3);
  CHECK(first.num_src() == 4);
  CHECK(copy(first.in_edges().row_ptr) == std::vector<std::int64_t>{0, 2, 2, 3});
  CHECK(copy(first.in_edges().col_idx) == std::vector<std::int32_t>{1, 2, 3});
  CHECK(copy(first.out_edges().row_ptr) == std::vector<std::int64_t>{0, 0, 1, 2, 3});
  CHECK(first.src_in_degree(3) == 2);  // of 3 in the graph; none of its in-edges is here
}

TEST_CASE("receptive_field: the nodes within reach and all their in-edges", "[graph][property]") {
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    const std::int64_t n = awkward.graph.num_nodes();
    for (std::int64_t layers = 1; n > 0 && layers <= 3; ++layers) {
      CAPTURE(awkward.name, layers);
      std::vector<std::int64_t> all;
      for (std::int64_t node = n - 1; node >= 0; --node) {
        all.push_back(node);
      }
      require_field(awkward.graph, all, layers);
      require_field(awkward.graph, {0}, layers);
      require_field(awkward.graph, {n - 1}, layers);
    }
  }
  require_field(attune::testing::random_graph(500, 900), {3, 499, 7, 250}, 3);
}

TEST_CASE("receptive_field: degrees ascend within the nodes that a layer adds", "[graph]") {
  const Graph graph = attune::testing::random_graph(500, 900);
  const ReceptiveField field =
      receptive_field(graph, std::vector<std::int64_t>{3, 499, 7, 250, 100}, 2);
  const std::int64_t bounds[] = {0, field.blocks[1].num_dst(), field.blocks[1].num_src(),
                                 field.blocks[0].num_src()};
  for (int ring = 0; ring < 3; ++ring) {
    CAPTURE(ring);
    CHECK(std::is_sorted(
        field.nodes.begin() + bounds[ring], field.nodes.begin() + bounds[ring + 1],
        [&](std::int64_t a, std::int64_t b) { return graph.in_degree(a) < graph.in_degree(b); }));
  }
}

TEST_CASE("receptive_field: refuses targets that make no sense", "[graph]") {
  const Graph graph({0, 1, 1}, {1});
  const auto field = [&](const std::vector<std::int64_t>& targets, std::int64_t layers) {
    return receptive_field(graph, targets, layers);
  };
  REQUIRE_THROWS_AS(field({}, 2), InvalidArgument);
  REQUIRE_THROWS_WITH(field({}, 2), Contains("expected at least one target, got none"));
  REQUIRE_THROWS_WITH(field({2}, 2), Contains("a target must be 0 to 1, got 2"));
  REQUIRE_THROWS_WITH(field({-1}, 2), Contains("got -1"));
  REQUIRE_THROWS_WITH(field({1, 0, 1}, 2), Contains("target 1 is listed twice"));
  REQUIRE_THROWS_WITH(field({1}, 0), Contains("layers must be 1 to 1000, got 0"));
  const ReceptiveField once = field({1}, 1);
  REQUIRE_THROWS_WITH(receptive_field(field({0}, 1).blocks[0], std::vector<std::int64_t>{0}, 1),
                      Contains("got a block of 2 and 1"));
}
