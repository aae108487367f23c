#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/graph_traits.hpp>

#include <attune/graph/builder.hpp>
#include <attune/graph/graph.hpp>

// The bridge to Boost.Graph, both ways. It brings in Boost's headers, so no other header of attune
// includes it. Vertex i of one side is node i of the other; an edge src -> dst stays src -> dst.
namespace attune::graph {

/// What an edge of a Boost graph made here knows.
struct BoostEdge {
  std::int64_t position = 0;  ///< in Graph::in_edges(): attention coefficients are in this order
};

/// Vertices and edges may be added and removed; edges know both ends.
using BoostAdjacencyList = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS,
                                                 boost::no_property, BoostEdge>;
/// Compressed rows over out-edges.
using BoostCsr =
    boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, BoostEdge>;

/// @return  a graph that can be changed, with every edge, multi-edges and self-loops included
[[nodiscard]] inline BoostAdjacencyList to_boost_adjacency_list(const Graph& graph) {
  BoostAdjacencyList out(static_cast<std::size_t>(graph.num_nodes()));
  const CsrView in = graph.in_edges();
  for (std::int64_t dst = 0; dst < in.num_nodes(); ++dst) {
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      boost::add_edge(static_cast<std::size_t>(in.col_idx[e]), static_cast<std::size_t>(dst),
                      BoostEdge{e}, out);
    }
  }
  return out;
}

/// @return  a compact graph that cannot be changed, rows over out-edges as Boost has them
[[nodiscard]] inline BoostCsr to_boost_csr(const Graph& graph) {
  std::vector<std::pair<std::size_t, std::size_t>> ends;
  std::vector<BoostEdge> edges;
  ends.reserve(static_cast<std::size_t>(graph.num_edges()));
  edges.reserve(static_cast<std::size_t>(graph.num_edges()));
  const CsrView out = graph.out_edges();
  for (std::int64_t src = 0; src < out.num_nodes(); ++src) {
    for (std::int64_t t = out.row_ptr[src]; t < out.row_ptr[src + 1]; ++t) {
      ends.emplace_back(static_cast<std::size_t>(src), static_cast<std::size_t>(out.col_idx[t]));
      edges.push_back({graph.out_to_in()[t]});
    }
  }
  return {boost::edges_are_sorted, ends.begin(), ends.end(), edges.begin(),
          static_cast<std::size_t>(graph.num_nodes())};
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
// The edge iterator of a directed adjacency_list holds a boost::optional, whose value GCC 12 takes
// for unset where it is not.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

/// The graph of any Boost graph whose vertices can be listed, its edges too, and that numbers its
/// vertices from 0. An undirected edge becomes one edge each way. Edges have the numbers, in
/// Graph::input_edge(), of their place in boost::edges(). Policies as in from_edges(); by default
/// everything stays as it is.
/// @throws InvalidArgument  as from_edges()
template <class BoostGraph>
[[nodiscard]] Graph from_boost(const BoostGraph& graph,
                               BuildOptions options = {.duplicates = Duplicates::keep}) {
  if (!boost::is_directed(graph)) {
    options.symmetric = true;
  }
  const auto index = boost::get(boost::vertex_index, graph);
  std::vector<Edge> edges;
  edges.reserve(static_cast<std::size_t>(boost::num_edges(graph)));
  const auto range = boost::edges(graph);
  for (auto it = range.first; it != range.second; ++it) {
    edges.push_back({.src = static_cast<std::int64_t>(get(index, source(*it, graph))),
                     .dst = static_cast<std::int64_t>(get(index, target(*it, graph)))});
  }
  return from_edges(static_cast<std::int64_t>(boost::num_vertices(graph)), edges, options);
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace attune::graph
