#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/awkward_graphs.hpp"
#include "support/random_graph.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/graph/drop_edge.hpp>

using attune::InvalidArgument;
using attune::core::Purpose;
using attune::core::RandomStream;
using attune::graph::DropEdge;
using attune::graph::Graph;
using attune::graph::receptive_field;
using attune::graph::ReceptiveField;
using attune::testing::message_of;

namespace {

const RandomStream kStream(7, Purpose::dropout, 0, 3);

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

void require_equal(const Graph& a, const Graph& b) {
  REQUIRE(copy(a.in_edges().row_ptr) == copy(b.in_edges().row_ptr));
  REQUIRE(copy(a.in_edges().col_idx) == copy(b.in_edges().col_idx));
  REQUIRE(copy(a.out_edges().row_ptr) == copy(b.out_edges().row_ptr));
  REQUIRE(copy(a.out_edges().col_idx) == copy(b.out_edges().col_idx));
  REQUIRE(copy(a.out_to_in()) == copy(b.out_to_in()));
  REQUIRE(copy(a.input_edge()) == copy(b.input_edge()));
  REQUIRE(a.has_all_self_loops() == b.has_all_self_loops());
  for (std::int64_t j = 0; j < a.num_src(); ++j) {
    REQUIRE(a.src_in_degree(j) == b.src_in_degree(j));
  }
}

bool stays(const Graph& graph, std::int64_t dst, std::int64_t e, double p) {
  std::uint16_t lane = 0;
  kStream.lanes(static_cast<std::uint64_t>(e), {&lane, 1});
  return graph.in_edges().col_idx[e] == dst || lane >= std::round(p * 65536);
}

// What DropEdge should leave, made by the constructor of a Graph, which finds the transpose anew.
Graph thinned(const Graph& graph, double p) {
  const attune::graph::CsrView in = graph.in_edges();
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  std::vector<std::int64_t> edges;
  for (std::int64_t i = 0; i < graph.num_dst(); ++i) {
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      if (stays(graph, i, e, p)) {
        col_idx.push_back(in.col_idx[e]);
        edges.push_back(e);
      }
    }
    row_ptr.push_back(std::ssize(col_idx));
  }
  return Graph(row_ptr, col_idx, edges);
}

// A block of the whole graph with those edges that are left in `left`.
Graph thinned_block(const Graph& left, const ReceptiveField& field, const Graph& block) {
  const attune::graph::CsrView in = block.in_edges();
  const std::vector<std::int64_t> kept = copy(left.input_edge());
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  std::vector<std::int64_t> edges;
  for (std::int64_t i = 0; i < block.num_dst(); ++i) {
    for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
      if (std::find(kept.begin(), kept.end(), block.input_edge()[e]) != kept.end()) {
        col_idx.push_back(in.col_idx[e]);
        edges.push_back(block.input_edge()[e]);
      }
    }
    row_ptr.push_back(std::ssize(col_idx));
  }
  std::vector<std::int64_t> degrees;
  for (std::int64_t j = 0; j < block.num_src(); ++j) {
    degrees.push_back(left.in_degree(field.nodes[j]));
  }
  return Graph::block(row_ptr, col_idx, degrees, edges);
}

}  // namespace

TEST_CASE("DropEdge: leaves the edges that their lanes keep and all self-loops",
          "[graph][property]") {
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    for (const double p : {0.0, 0.25, 0.75}) {
      CAPTURE(awkward.name, p);
      DropEdge drop(awkward.graph, p);
      const auto sampled = drop.sample(kStream);
      REQUIRE(sampled.size() == 1);
      require_equal(sampled.front(), thinned(awkward.graph, p));
    }
  }
}

TEST_CASE("DropEdge: a share of p of the edges is left out, others in another step", "[graph]") {
  const Graph graph = attune::testing::random_graph(2000, 40000);
  DropEdge drop(graph, 0.3);
  const Graph first = drop.sample(kStream.at_step(1)).front();
  const Graph second = drop.sample(kStream.at_step(2)).front();
  const auto edges = static_cast<double>(graph.num_edges() - 2000);
  // Five deviations of a binomial number.
  CHECK(static_cast<double>(first.num_edges() - 2000) ==
        Approx(0.7 * edges).margin(5 * std::sqrt(0.21 * edges)));
  CHECK(copy(first.input_edge()) != copy(second.input_edge()));
  // A copy stays what it was; the same step gives the same edges.
  require_equal(first, DropEdge(graph, 0.3).sample(kStream.at_step(1)).front());
}

TEST_CASE("DropEdge: memory of a step that nobody holds serves the next", "[graph]") {
  const Graph graph = attune::testing::random_graph(200, 1000);
  DropEdge drop(graph, 0.5);
  const std::int32_t* const first = drop.sample(kStream).front().in_edges().col_idx.data();
  (void)drop.sample(kStream.at_step(8));
  require_equal(drop.sample(kStream).front(), thinned(graph, 0.5));
  CHECK(drop.sample(kStream).front().in_edges().col_idx.data() == first);
}

TEST_CASE("DropEdge: blocks have the edges and degrees of the whole graph that is left",
          "[graph][property]") {
  for (const attune::testing::AwkwardGraph& awkward : attune::testing::awkward_graphs()) {
    if (awkward.graph.num_nodes() == 0) {
      continue;
    }
    CAPTURE(awkward.name);
    const std::vector<std::int64_t> targets{awkward.graph.num_nodes() - 1};
    const ReceptiveField field = receptive_field(awkward.graph, targets, 3);
    DropEdge drop(awkward.graph, field, 0.5);
    const auto blocks = drop.sample(kStream);
    REQUIRE(blocks.size() == 3);
    const Graph left = thinned(awkward.graph, 0.5);
    for (std::size_t l = 0; l < 3; ++l) {
      require_equal(blocks[l], thinned_block(left, field, field.blocks[l]));
    }
  }
}

TEST_CASE("DropEdge: the same edges on 1, 2 and 8 threads", "[graph][property]") {
  const Graph graph = attune::testing::random_graph(20000, 100000);
  const Graph expected = thinned(graph, 0.4);
  for (const int threads : {1, 2, 8}) {
    attune::core::with_threads(threads, [&] {
      DropEdge drop(graph, 0.4);
      require_equal(drop.sample(kStream).front(), expected);
    });
  }
}

TEST_CASE("DropEdge: refuses what is no probability and blocks", "[graph]") {
  const Graph graph({0, 1, 1}, {1});
  CHECK_THAT(message_of<InvalidArgument>([&] { const DropEdge drop(graph, 1); }),
             Catch::Contains("DropEdge") && Catch::Contains("got 1"));
  CHECK_THAT(message_of<InvalidArgument>([&] { const DropEdge drop(graph, -0.5); }),
             Catch::Contains("got -0.5"));
  const ReceptiveField field = receptive_field(graph, std::vector<std::int64_t>{0}, 1);
  CHECK_THAT(message_of<InvalidArgument>([&] { const DropEdge drop(field.blocks[0], 0.5); }),
             Catch::Contains("got a block of 2 and 1"));
}
