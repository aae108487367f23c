#include <algorithm>
#include <utility>

#include "support/awkward_graphs.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/builder.hpp>
#include <attune/graph/graph.hpp>

using attune::InvalidArgument;
using attune::graph::CsrView;
using attune::graph::Graph;
using Catch::Matchers::Contains;

namespace {

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

}  // namespace

//   0 -> 1, 2 -> 1, 1 -> 0, 1 -> 2, 2 -> 2
TEST_CASE("Graph: keeps its rows and transposes them", "[graph]") {
  const Graph graph({0, 1, 3, 5}, {1, 0, 2, 1, 2});
  REQUIRE(graph.num_nodes() == 3);
  REQUIRE(graph.num_edges() == 5);
  REQUIRE(copy(graph.in_edges().row_ptr) == std::vector<std::int64_t>{0, 1, 3, 5});
  REQUIRE(copy(graph.in_edges().col_idx) == std::vector<std::int32_t>{1, 0, 2, 1, 2});
  REQUIRE(copy(graph.out_edges().row_ptr) == std::vector<std::int64_t>{0, 1, 3, 5});
  REQUIRE(copy(graph.out_edges().col_idx) == std::vector<std::int32_t>{1, 0, 2, 1, 2});
  REQUIRE(copy(graph.out_to_in()) == std::vector<std::int64_t>{1, 0, 3, 2, 4});
  REQUIRE(copy(graph.input_edge()) == std::vector<std::int64_t>{0, 1, 2, 3, 4});
  REQUIRE(graph.in_degree(0) == 1);
  REQUIRE(graph.in_degree(2) == 2);
  REQUIRE(graph.out_degree(0) == 1);
  REQUIRE(graph.out_degree(1) == 2);
}

TEST_CASE("Graph: out_to_in leads every edge of the transpose back", "[graph][property]") {
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    CAPTURE(awkward.name);
    const CsrView in = awkward.graph.in_edges();
    const CsrView out = awkward.graph.out_edges();
    REQUIRE(out.num_nodes() == in.num_nodes());
    REQUIRE(out.num_edges() == in.num_edges());
    std::vector<int> met(static_cast<std::size_t>(in.num_edges()), 0);
    for (std::int64_t src = 0; src < out.num_nodes(); ++src) {
      REQUIRE(std::is_sorted(out.col_idx.begin() + out.row_ptr[src],
                             out.col_idx.begin() + out.row_ptr[src + 1]));
      for (std::int64_t t = out.row_ptr[src]; t < out.row_ptr[src + 1]; ++t) {
        const std::int64_t e = awkward.graph.out_to_in()[t];
        const std::int32_t dst = out.col_idx[t];
        ++met[e];
        REQUIRE(in.col_idx[e] == src);
        REQUIRE(in.row_ptr[dst] <= e);
        REQUIRE(e < in.row_ptr[dst + 1]);
      }
    }
    REQUIRE(std::count(met.begin(), met.end(), 1) == in.num_edges());
  }
}

TEST_CASE("Graph: without nodes it has one row pointer and no edges", "[graph]") {
  const Graph graph;
  REQUIRE(graph.num_nodes() == 0);
  REQUIRE(graph.num_edges() == 0);
  REQUIRE(graph.in_edges().row_ptr.size() == 1);
  REQUIRE(graph.out_edges().row_ptr.size() == 1);
  REQUIRE(Graph({0}, {}).num_nodes() == 0);
}

TEST_CASE("Graph: copies share their arrays", "[graph]") {
  const Graph graph({0, 1, 1}, {1});
  const Graph other = graph;  // NOLINT(performance-unnecessary-copy-initialization): tested
  REQUIRE(other.in_edges().col_idx.data() == graph.in_edges().col_idx.data());
}

TEST_CASE("Graph: keeps the edge numbers it is given", "[graph]") {
  const Graph graph({0, 2, 2}, {0, 1}, {-1, 7});
  REQUIRE(copy(graph.input_edge()) == std::vector<std::int64_t>{-1, 7});
}

TEST_CASE("Graph: refuses rows that contradict each other", "[graph]") {
  REQUIRE_THROWS_AS(Graph({}, {}), InvalidArgument);
  REQUIRE_THROWS_WITH(Graph({}, {}), Contains("num_nodes + 1 entries"));
  REQUIRE_THROWS_WITH(Graph({1, 1}, {0}), Contains("row_ptr[0] must be 0, got 1"));
  REQUIRE_THROWS_WITH(Graph({0, 2, 1}, {0}),
                      Contains("row_ptr must not decrease, got 1 after 2 at row 1"));
  REQUIRE_THROWS_WITH(Graph({0, 2}, {0}), Contains("the number of edges, 1, got 2"));
  REQUIRE_THROWS_WITH(Graph({0, -1}, {}), Contains("must not decrease, got -1 after 0"));
  REQUIRE_THROWS_WITH(Graph({0, 1}, {1}), Contains("col_idx[0] must be 0 to 0, got 1"));
  REQUIRE_THROWS_WITH(Graph({0, 1}, {-1}), Contains("col_idx[0] must be 0 to 0, got -1"));
  REQUIRE_THROWS_WITH(Graph({0, 2, 2}, {1, 0}), Contains("row 0 must be ascending, got 0 after 1"));
  REQUIRE_THROWS_WITH(Graph({0, 1}, {0}, {0, 1}), Contains("each of 1 edges, got 2"));
}

TEST_CASE("Graph: knows whether every node attends to itself", "[graph]") {
  CHECK(Graph().has_all_self_loops());
  CHECK(Graph({0, 1, 3}, {0, 0, 1}).has_all_self_loops());
  CHECK(Graph({0, 2, 3}, {0, 0, 1}).has_all_self_loops());  // one of them twice
  CHECK_FALSE(Graph({0, 1, 2}, {0, 0}).has_all_self_loops());
  CHECK_FALSE(Graph({0, 0, 1}, {1}).has_all_self_loops());
  CHECK_FALSE(Graph({0, 1, 2}, {1, 0}).has_all_self_loops());
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    CAPTURE(awkward.name);
    CHECK(attune::graph::with_self_loops(awkward.graph).has_all_self_loops());
  }
}

//   dst 0 <- src 0, 2; dst 1 <- src 2
TEST_CASE("Graph: a block has more src than dst nodes", "[graph]") {
  const Graph block = Graph::block({0, 2, 3}, {0, 2, 2}, {2, 1, 9});
  CHECK(block.num_dst() == 2);
  CHECK(block.num_src() == 3);
  CHECK(block.num_edges() == 3);
  CHECK(copy(block.out_edges().row_ptr) == std::vector<std::int64_t>{0, 1, 1, 3});
  CHECK(copy(block.out_edges().col_idx) == std::vector<std::int32_t>{0, 0, 1});
  CHECK(copy(block.out_to_in()) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(block.out_degree(2) == 2);
  CHECK(block.src_in_degree(2) == 9);
  CHECK_FALSE(block.has_all_self_loops());
  CHECK(Graph::block({0, 1}, {0}, {1, 1}).has_all_self_loops());
  CHECK_THROWS_WITH(block.num_nodes(), Contains("got a block of 3 and 2"));
  CHECK_THROWS_WITH(attune::graph::with_self_loops(block), Contains("got a block of 3 and 2"));
}

TEST_CASE("Graph: a block with as many src as dst nodes is a graph", "[graph]") {
  const Graph block = Graph::block({0, 1, 2}, {1, 0}, {1, 1});
  CHECK(block.num_nodes() == 2);
  CHECK(block.has_all_self_loops() == false);
}

TEST_CASE("Graph: refuses a block that contradicts itself", "[graph]") {
  REQUIRE_THROWS_WITH(Graph::block({0, 0, 0}, {}, {0}),
                      Contains("its 2 dst nodes at least, got 1"));
  REQUIRE_THROWS_WITH(Graph::block({0, 1}, {2}, {1, 1}),
                      Contains("col_idx[0] must be 0 to 1, got 2"));
  REQUIRE_THROWS_WITH(Graph::block({}, {}, {}), Contains("num_nodes + 1 entries"));
}
