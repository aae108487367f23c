#include <tuple>

#include <boost/graph/adjacency_matrix.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/graph_concepts.hpp>

#include "support/awkward_graphs.hpp"
#include <attune/graph/boost_graph.hpp>

using namespace attune::graph;

namespace {

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

// (src, dst) of each edge by the position that it knows.
template <class BoostGraph>
std::vector<Edge> edges_by_position(const BoostGraph& graph) {
  std::vector<Edge> edges(boost::num_edges(graph), Edge{-1, -1});
  const auto range = boost::edges(graph);
  for (auto it = range.first; it != range.second; ++it) {
    edges.at(static_cast<std::size_t>(graph[*it].position)) = {
        static_cast<std::int64_t>(source(*it, graph)),
        static_cast<std::int64_t>(target(*it, graph))};
  }
  return edges;
}

}  // namespace

TEST_CASE("Boost: the graphs are what Boost's algorithms ask for", "[graph]") {
  BOOST_CONCEPT_ASSERT((boost::BidirectionalGraphConcept<BoostAdjacencyList>));
  BOOST_CONCEPT_ASSERT((boost::EdgeListGraphConcept<BoostAdjacencyList>));
  BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<BoostCsr>));
  BOOST_CONCEPT_ASSERT((boost::EdgeListGraphConcept<BoostCsr>));

  //   0 -> 1 -> 2 -> 3, and 3 -> 1
  const BoostCsr path =
      to_boost_csr(from_edges(4, std::vector<Edge>{{0, 1}, {1, 2}, {2, 3}, {3, 1}}));
  std::vector<std::size_t> distance(4, 0);
  boost::breadth_first_search(path, std::size_t{0},
                              boost::visitor(boost::make_bfs_visitor(boost::record_distances(
                                  distance.data(), boost::on_tree_edge()))));
  REQUIRE(distance == std::vector<std::size_t>{0, 1, 2, 3});
}

TEST_CASE("Boost: every graph goes to an adjacency_list and back", "[graph][property]") {
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    CAPTURE(awkward.name);
    const BoostAdjacencyList list = to_boost_adjacency_list(awkward.graph);
    REQUIRE(boost::num_vertices(list) == static_cast<std::size_t>(awkward.graph.num_nodes()));
    REQUIRE(edges_by_position(list) == edges_of(awkward.graph));
    const Graph back = from_boost(list);
    REQUIRE(back.num_nodes() == awkward.graph.num_nodes());
    REQUIRE(edges_of(back) == edges_of(awkward.graph));
  }
}

TEST_CASE("Boost: every graph goes to a compressed_sparse_row_graph and back",
          "[graph][property]") {
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    CAPTURE(awkward.name);
    const BoostCsr csr = to_boost_csr(awkward.graph);
    REQUIRE(boost::num_vertices(csr) == static_cast<std::size_t>(awkward.graph.num_nodes()));
    REQUIRE(edges_by_position(csr) == edges_of(awkward.graph));
    REQUIRE(edges_of(from_boost(csr)) == edges_of(awkward.graph));
  }
}

TEST_CASE("Boost: an undirected edge becomes one each way", "[graph]") {
  boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS> undirected(3);
  add_edge(2, 1, undirected);
  add_edge(0, 1, undirected);
  add_edge(2, 2, undirected);
  const Graph graph = from_boost(undirected);
  REQUIRE(edges_of(graph) == std::vector<Edge>{{1, 0}, {0, 1}, {2, 1}, {1, 2}, {2, 2}});
  REQUIRE(std::vector<std::int64_t>(graph.input_edge().begin(), graph.input_edge().end()) ==
          std::vector<std::int64_t>{1, 1, 0, 0, 2});
}

TEST_CASE("Boost: other graph types are read too, under any policy", "[graph]") {
  boost::adjacency_list<boost::setS, boost::vecS, boost::directedS> directed(3);
  add_edge(0, 1, directed);
  add_edge(1, 1, directed);
  REQUIRE(edges_of(from_boost(directed, {.self_loops = SelfLoops::add_all})) ==
          std::vector<Edge>{{0, 0}, {0, 1}, {1, 1}, {2, 2}});
  REQUIRE(edges_of(from_boost(directed, {.self_loops = SelfLoops::remove, .symmetric = true})) ==
          std::vector<Edge>{{1, 0}, {0, 1}});

  boost::adjacency_matrix<boost::directedS> matrix(2);
  add_edge(1, 0, matrix);
  REQUIRE(edges_of(from_boost(matrix)) == std::vector<Edge>{{1, 0}});
}
