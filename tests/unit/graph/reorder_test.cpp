#include <algorithm>
#include <numeric>

#include "support/awkward_graphs.hpp"
#include <attune/core/error.hpp>
#include <attune/core/random.hpp>
#include <attune/graph/builder.hpp>
#include <attune/graph/reorder.hpp>
#include <attune/graph/statistics.hpp>

using attune::InvalidArgument;
using Catch::Matchers::Contains;
using namespace attune::graph;

namespace {

using Order = std::vector<std::int64_t>;

// Edges with the numbers they came with, in a form that does not depend on their order.
std::vector<std::pair<Edge, std::int64_t>> sorted_edges(const Graph& graph, const Order& names) {
  std::vector<std::pair<Edge, std::int64_t>> edges;
  const CsrView in = graph.in_edges();
  for (std::int64_t dst = 0; dst < in.num_nodes(); ++dst) {
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      edges.emplace_back(Edge{names[in.col_idx[e]], names[dst]}, graph.input_edge()[e]);
    }
  }
  std::sort(edges.begin(), edges.end());
  return edges;
}

Order identity(std::int64_t size) {
  Order order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// A grid of `side` x `side` nodes whose numbers are shuffled.
Graph shuffled_grid(std::int64_t side) {
  Order place = identity(side * side);
  const attune::core::RandomStream random(7, attune::core::Purpose::generation);
  for (std::int64_t i = side * side - 1; i > 0; --i) {
    std::swap(
        place[i],
        place[random.below(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(i + 1))]);
  }
  std::vector<Edge> edges;
  for (std::int64_t i = 0; i < side * side; ++i) {
    if (i % side + 1 < side) {
      edges.push_back({place[i], place[i + 1]});
    }
    if (i + side < side * side) {
      edges.push_back({place[i], place[i + side]});
    }
  }
  return from_edges(side * side, edges, {.symmetric = true});
}

}  // namespace

TEST_CASE("reverse_cuthill_mckee: holds every node once, on any graph", "[graph][property]") {
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    CAPTURE(awkward.name);
    Order order = reverse_cuthill_mckee(awkward.graph);
    std::sort(order.begin(), order.end());
    REQUIRE(order == identity(awkward.graph.num_nodes()));
  }
}

TEST_CASE("reverse_cuthill_mckee: brings the neighbours of a grid together", "[graph]") {
  const Graph grid = shuffled_grid(30);
  REQUIRE(bandwidth(grid) > 500);
  const Graph ordered = relabel(grid, reverse_cuthill_mckee(grid));
  REQUIRE(bandwidth(ordered) >= 30);  // no order does better
  REQUIRE(bandwidth(ordered) <= 60);
}

TEST_CASE("reverse_cuthill_mckee: lays a path out as a path, whatever its directions", "[graph]") {
  //   3 -> 0 <- 4 -> 1 -> 2
  const Graph path = from_edges(5, std::vector<Edge>{{3, 0}, {4, 0}, {4, 1}, {1, 2}});
  REQUIRE(bandwidth(path) == 4);
  REQUIRE(bandwidth(relabel(path, reverse_cuthill_mckee(path))) == 1);
}

TEST_CASE("relabel: moves nodes and keeps edges and their numbers", "[graph][property]") {
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    CAPTURE(awkward.name);
    const Order order = reverse_cuthill_mckee(awkward.graph);
    const Graph moved = relabel(awkward.graph, order);
    REQUIRE(sorted_edges(moved, order) ==
            sorted_edges(awkward.graph, identity(awkward.graph.num_nodes())));
  }
}

TEST_CASE("relabel: new node i is node i of the order", "[graph]") {
  //   0 -> 1 -> 2, as 2 -> 0 -> 1
  const Graph graph = from_edges(3, std::vector<Edge>{{0, 1}, {1, 2}});
  const Graph moved = relabel(graph, Order{1, 2, 0});
  REQUIRE(moved.in_degree(0) == 1);
  REQUIRE(moved.in_edges().col_idx[0] == 2);
  REQUIRE(moved.in_degree(1) == 1);
  REQUIRE(moved.in_edges().col_idx[1] == 0);
  REQUIRE(moved.in_degree(2) == 0);
}

TEST_CASE("relabel: refuses what is no order", "[graph]") {
  const Graph graph = from_edges(3, {});
  REQUIRE_THROWS_AS(relabel(graph, Order{0, 1}), InvalidArgument);
  REQUIRE_THROWS_WITH(relabel(graph, Order{0, 1}), Contains("each of 3 nodes, got 2"));
  REQUIRE_THROWS_WITH(relabel(graph, Order{0, 1, 1}), Contains("each of 0 to 2 once, got 1 at 2"));
  REQUIRE_THROWS_WITH(relabel(graph, Order{0, 1, 3}), Contains("got 3 at 2"));
  REQUIRE_THROWS_WITH(relabel(graph, Order{-1, 1, 2}), Contains("got -1 at 0"));
}
