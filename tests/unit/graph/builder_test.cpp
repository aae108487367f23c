#include <limits>

#include "support/awkward_graphs.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/builder.hpp>

using attune::InvalidArgument;
using Catch::Matchers::Contains;
using namespace attune::graph;

namespace {

// Edges in the order of in_edges().
std::vector<Edge> edges_of(const Graph& graph) {
  std::vector<Edge> edges;
  const CsrView in = graph.in_edges();
  for (std::int64_t dst = 0; dst < in.num_nodes(); ++dst) {
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      edges.push_back({in.col_idx[e], dst});
    }
  }
  return edges;
}

std::vector<std::int64_t> numbers_of(const Graph& graph) {
  return {graph.input_edge().begin(), graph.input_edge().end()};
}

using Edges = std::vector<Edge>;
using Numbers = std::vector<std::int64_t>;

// A self-loop, twice; an edge, twice; and one that has its reverse.
const Edges kMessy = {{2, 1}, {1, 1}, {0, 2}, {2, 0}, {1, 1}, {2, 1}};

}  // namespace

TEST_CASE("from_edges: sorts by dst, then src, and merges duplicates", "[graph]") {
  const Graph graph = from_edges(3, kMessy);
  REQUIRE(edges_of(graph) == Edges{{2, 0}, {1, 1}, {2, 1}, {0, 2}});
  REQUIRE(numbers_of(graph) == Numbers{3, 1, 0, 2});
}

TEST_CASE("from_edges: keeps duplicates in the order of the list", "[graph]") {
  const Graph graph = from_edges(3, kMessy, {.duplicates = Duplicates::keep});
  REQUIRE(edges_of(graph) == Edges{{2, 0}, {1, 1}, {1, 1}, {2, 1}, {2, 1}, {0, 2}});
  REQUIRE(numbers_of(graph) == Numbers{3, 1, 4, 0, 5, 2});
}

TEST_CASE("from_edges: removes self-loops", "[graph]") {
  const Graph graph = from_edges(3, kMessy, {.self_loops = SelfLoops::remove});
  REQUIRE(edges_of(graph) == Edges{{2, 0}, {2, 1}, {0, 2}});
}

TEST_CASE("from_edges: gives every node one self-loop", "[graph]") {
  const Duplicates duplicates = GENERATE(Duplicates::keep, Duplicates::merge);
  const Graph graph = from_edges(3, std::span(kMessy).first(5),
                                 {.self_loops = SelfLoops::add_all, .duplicates = duplicates});
  REQUIRE(edges_of(graph) == Edges{{0, 0}, {2, 0}, {1, 1}, {2, 1}, {0, 2}, {2, 2}});
  REQUIRE(numbers_of(graph) == Numbers{-1, 3, 1, 0, 2, -1});
}

TEST_CASE("from_edges: adds reverse edges, and none for a self-loop", "[graph]") {
  const Graph graph = from_edges(3, kMessy, {.symmetric = true});
  REQUIRE(edges_of(graph) == Edges{{2, 0}, {1, 1}, {2, 1}, {0, 2}, {1, 2}});
  REQUIRE(numbers_of(graph) == Numbers{2, 1, 0, 2, 0});

  const Graph kept = from_edges(2, Edges{{0, 1}, {1, 0}, {1, 1}},
                                {.duplicates = Duplicates::keep, .symmetric = true});
  REQUIRE(edges_of(kept) == Edges{{1, 0}, {1, 0}, {0, 1}, {0, 1}, {1, 1}});
  REQUIRE(numbers_of(kept) == Numbers{0, 1, 0, 1, 2});
}

TEST_CASE("from_edges: rejects duplicates by both their numbers", "[graph]") {
  const BuildOptions reject{.duplicates = Duplicates::reject};
  REQUIRE_THROWS_AS(from_edges(3, kMessy, reject), InvalidArgument);
  REQUIRE_THROWS_WITH(from_edges(3, Edges{{0, 1}, {2, 1}, {0, 1}}, reject),
                      Contains("edge 2 gives 0 -> 1 again, after edge 0"));
  REQUIRE(from_edges(3, Edges{{0, 1}, {1, 0}}, reject).num_edges() == 2);
  REQUIRE_THROWS_WITH(
      from_edges(3, Edges{{0, 1}, {1, 0}}, {.duplicates = Duplicates::reject, .symmetric = true}),
      Contains("edge 1 gives"));
}

TEST_CASE("from_edges: names the edge that leads to a node that does not exist", "[graph]") {
  REQUIRE_THROWS_AS(from_edges(3, Edges{{0, 1}, {0, 3}}), InvalidArgument);
  REQUIRE_THROWS_WITH(from_edges(3, Edges{{0, 1}, {0, 3}}),
                      Contains("edge 1 (0 -> 3) names node 3, but there are 3 nodes"));
  REQUIRE_THROWS_WITH(from_edges(3, Edges{{-1, 1}}), Contains("edge 0 (-1 -> 1) names node -1"));
  REQUIRE_THROWS_WITH(from_edges(0, Edges{{0, 0}}), Contains("there are 0 nodes"));
  REQUIRE_THROWS_WITH(from_edges(3, Edges{{std::numeric_limits<std::int64_t>::max(), 0}}),
                      Contains("names node 9223372036854775807"));
}

TEST_CASE("from_edges: refuses impossible numbers of nodes before it allocates", "[graph]") {
  REQUIRE_THROWS_WITH(from_edges(-1, {}), Contains("got -1"));
  REQUIRE_THROWS_WITH(from_edges(std::int64_t{1} << 31, {}), Contains("got 2147483648"));
}

TEST_CASE("from_edges: builds graphs without nodes or edges", "[graph]") {
  REQUIRE(from_edges(0, {}).num_nodes() == 0);
  const Graph isolated = from_edges(4, {}, {.symmetric = true});
  REQUIRE(isolated.num_nodes() == 4);
  REQUIRE(isolated.num_edges() == 0);
  REQUIRE(from_edges(4, {}, {.self_loops = SelfLoops::add_all}).num_edges() == 4);
}

TEST_CASE("with_self_loops: is from_edges with add_all, on any graph", "[graph][property]") {
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    CAPTURE(awkward.name);
    const Graph looped = with_self_loops(awkward.graph);
    const Graph expected =
        from_edges(awkward.graph.num_nodes(), edges_of(awkward.graph),
                   {.self_loops = SelfLoops::add_all, .duplicates = Duplicates::keep});
    REQUIRE(edges_of(looped) == edges_of(expected));
    const Graph again = with_self_loops(looped);
    REQUIRE(edges_of(again) == edges_of(looped));
    REQUIRE(numbers_of(again) == numbers_of(looped));
  }
}

TEST_CASE("with_self_loops: keeps edge numbers and marks what it adds", "[graph]") {
  const Graph graph = with_self_loops(from_edges(3, kMessy));
  REQUIRE(edges_of(graph) == Edges{{0, 0}, {2, 0}, {1, 1}, {2, 1}, {0, 2}, {2, 2}});
  REQUIRE(numbers_of(graph) == Numbers{-1, 3, 1, 0, 2, -1});
}
