#include <catch2/catch.hpp>

#include "support/awkward_graphs.hpp"
#include <attune/core/error.hpp>
#include <attune/graph/builder.hpp>
#include <attune/graph/graph_batch.hpp>

using attune::InvalidArgument;
using attune::graph::batch_graphs;
using attune::graph::from_edges;
using attune::graph::Graph;
using attune::graph::GraphBatch;
using attune::graph::unbatch_graphs;
using Catch::Matchers::Contains;

namespace {

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

}  // namespace

//   1 -> 0   |   a lone node   |   0 <-> 1, 2 -> 1
TEST_CASE("batch_graphs: nodes and edges stand one after the other", "[graph]") {
  using attune::graph::Edge;
  const std::vector<Graph> graphs{from_edges(2, std::vector<Edge>{{1, 0}}), from_edges(1, {}),
                                  from_edges(3, std::vector<Edge>{{1, 0}, {0, 1}, {2, 1}})};
  const GraphBatch batch = batch_graphs(graphs);
  CHECK(batch.num_graphs() == 3);
  CHECK(batch.graph_ptr == std::vector<std::int64_t>{0, 2, 3, 6});
  CHECK(copy(batch.graph.in_edges().row_ptr) == std::vector<std::int64_t>{0, 1, 1, 1, 2, 4, 4});
  CHECK(copy(batch.graph.in_edges().col_idx) == std::vector<std::int32_t>{1, 4, 3, 5});
}

TEST_CASE("batch_graphs: unbatch_graphs gives every graph back", "[graph][property]") {
  std::vector<Graph> graphs;
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    graphs.push_back(awkward.graph);
  }
  const GraphBatch batch = batch_graphs(graphs);
  const std::vector<Graph> again = unbatch_graphs(batch.graph, batch.graph_ptr);
  REQUIRE(again.size() == graphs.size());
  for (std::size_t g = 0; g < graphs.size(); ++g) {
    CAPTURE(g);
    CHECK(copy(again[g].in_edges().row_ptr) == copy(graphs[g].in_edges().row_ptr));
    CHECK(copy(again[g].in_edges().col_idx) == copy(graphs[g].in_edges().col_idx));
  }
  CHECK(batch_graphs({}).num_graphs() == 0);
  CHECK(batch_graphs({}).graph.num_nodes() == 0);
}

TEST_CASE("unbatch_graphs: refuses ranges that are none and edges between graphs", "[graph]") {
  const Graph graph = from_edges(4, std::vector<attune::graph::Edge>{{0, 1}, {3, 2}});
  using Ptr = std::vector<std::int64_t>;
  CHECK(unbatch_graphs(graph, Ptr{0, 2, 4}).size() == 2);
  REQUIRE_THROWS_AS(unbatch_graphs(graph, Ptr{}), InvalidArgument);
  REQUIRE_THROWS_WITH(unbatch_graphs(graph, Ptr{0, 3}),
                      Contains("from 0 to the number of nodes, 4"));
  REQUIRE_THROWS_WITH(unbatch_graphs(graph, Ptr{0, 3, 2, 4}), Contains("got 2 after 3"));
  REQUIRE_THROWS_WITH(unbatch_graphs(graph, Ptr{0, 1, 4}),
                      Contains("the edge 0 -> 1 leaves its graph, nodes 1 to 3"));
}
