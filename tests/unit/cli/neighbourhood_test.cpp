#include "cli/report/neighbourhood.hpp"

#include <catch2/catch.hpp>

#include <attune/graph/builder.hpp>

using attune::cli::median_degree_node;
using attune::cli::Neighbourhood;
using attune::cli::neighbourhood_of;
using attune::graph::Graph;

namespace {

using Numbers = std::vector<std::int64_t>;

// 0 is joined to all others, 1 to 2 besides; each node to itself.
//
//     in-edges of 0: 0 1 2 3   of 1: 0 1 2   of 2: 0 1 2   of 3: 0 3
Graph star() {
  return Graph({0, 4, 7, 10, 12}, {0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 0, 3});
}

}  // namespace

TEST_CASE("neighbourhood: a node's own edge, then the heaviest", "[cli][report]") {
  const std::vector<double> weight{0.1, 0.2, 0.4, 0.3, 0, 0, 0, 9, 9, 9, 9, 9};
  const Neighbourhood all = neighbourhood_of(star(), 0, weight, 10);
  CHECK(all.node == 0);
  CHECK(all.edges == Numbers{0, 2, 3, 1});
  CHECK(all.others.empty());
  const Neighbourhood some = neighbourhood_of(star(), 0, weight, 2);
  CHECK(some.edges == Numbers{0, 2});
  CHECK(some.others == Numbers{3, 1});
  // Equal weights stay in the order of the graph.
  CHECK(neighbourhood_of(star(), 2, weight, 10).edges == Numbers{9, 7, 8});
}

TEST_CASE("neighbourhood: the default is a test node of median degree", "[cli][report]") {
  attune::data::NodeDataset dataset;
  dataset.graph = star();  // degrees 4, 3, 3, 2
  dataset.split.test = {0, 2, 3};
  CHECK(median_degree_node(dataset) == 2);
  dataset.split.test = {3};
  CHECK(median_degree_node(dataset) == 3);
  dataset.split.test = {};
  CHECK(median_degree_node(dataset) == 1);  // of all: 2, 3, 3, 4
}
