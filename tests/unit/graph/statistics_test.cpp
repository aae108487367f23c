#include "support/awkward_graphs.hpp"
#include <attune/graph/builder.hpp>
#include <attune/graph/statistics.hpp>

using namespace attune::graph;

namespace {

using Ints = std::vector<std::int64_t>;

GraphStatistics statistics_of(const std::string& name) {
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    if (awkward.name == name) {
      return statistics(awkward.graph);
    }
  }
  throw std::logic_error("no graph " + name);
}

}  // namespace

//   3 -> 0 <- 4    1    2 -> 5 -> 5
TEST_CASE("connected_components: numbered by their lowest node", "[graph]") {
  const Components found =
      connected_components(from_edges(6, std::vector<Edge>{{3, 0}, {4, 0}, {2, 5}, {5, 5}}));
  REQUIRE(found.component == Ints{0, 1, 2, 0, 0, 2});
  REQUIRE(found.sizes == Ints{3, 1, 2});
  REQUIRE(found.count() == 3);
  REQUIRE(connected_components(Graph()).count() == 0);
}

TEST_CASE("connected_components: a long path is one", "[graph]") {
  std::vector<Edge> edges;
  for (std::int64_t node = 0; node + 1 < 100000; ++node) {
    edges.push_back({node + 1, node});
  }
  REQUIRE(connected_components(from_edges(100000, edges)).sizes == Ints{100000});
}

//   0 - 1 - 2 - 3, 1 - 3, and 4 alone
TEST_CASE("statistics: of a graph small enough to count", "[graph]") {
  const std::vector<Edge> edges = {{0, 1}, {1, 2}, {2, 3}, {1, 3}};
  const GraphStatistics found = statistics(from_edges(5, edges, {.symmetric = true}));
  REQUIRE(found.num_nodes == 5);
  REQUIRE(found.num_edges == 8);
  REQUIRE(found.symmetric);
  REQUIRE(found.num_self_loops == 0);
  REQUIRE(found.num_duplicates == 0);
  REQUIRE(found.isolated_nodes == 1);
  REQUIRE(found.min_degree == 0);
  REQUIRE(found.mean_degree == 1.6);
  REQUIRE(found.median_degree == 2);
  REQUIRE(found.max_degree == 3);
  REQUIRE(found.num_components == 2);
  REQUIRE(found.largest_component == 4);
}

TEST_CASE("statistics: of awkward graphs", "[graph]") {
  const GraphStatistics none = statistics_of("no nodes");
  REQUIRE(none.num_nodes == 0);
  REQUIRE(none.num_components == 0);
  REQUIRE(none.largest_component == 0);
  REQUIRE(none.mean_degree == 0);

  const GraphStatistics loop = statistics_of("one node with a self-loop");
  REQUIRE(loop.num_self_loops == 1);
  REQUIRE(loop.isolated_nodes == 1);
  REQUIRE(loop.symmetric);

  const GraphStatistics multi = statistics_of("multi-edges");
  REQUIRE(multi.num_duplicates == 3);
  REQUIRE_FALSE(multi.symmetric);  // three times 0 -> 1, twice 1 -> 0
  REQUIRE(statistics_of("multiple self-loops").num_self_loops == 2);

  const GraphStatistics hub = statistics_of("hub");
  REQUIRE(hub.max_degree == 1499);
  REQUIRE(hub.median_degree == 1);
  REQUIRE(hub.num_components == 1);
  REQUIRE_FALSE(statistics_of("only node 2 receives").symmetric);
}

TEST_CASE("statistics: an even number of nodes has the mean of the middle two", "[graph]") {
  REQUIRE(statistics(from_edges(2, std::vector<Edge>{{0, 1}})).median_degree == 0.5);
}
