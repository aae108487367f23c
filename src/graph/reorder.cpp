#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <numeric>
#include <utility>

#include <boost/graph/cuthill_mckee_ordering.hpp>
#include <boost/property_map/property_map.hpp>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/graph/boost_graph.hpp>
#include <attune/graph/builder.hpp>
#include <attune/graph/reorder.hpp>

namespace attune::graph {

namespace {

using core::text;

std::vector<Edge> edges_of(const Graph& graph) {
  std::vector<Edge> edges;
  edges.reserve(static_cast<std::size_t>(graph.num_edges()));
  const CsrView in = graph.in_edges();
  for (std::int64_t dst = 0; dst < in.num_nodes(); ++dst) {
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      edges.push_back({.src = in.col_idx[e], .dst = dst});
    }
  }
  return edges;
}

// new_place[order[i]] = i
std::vector<std::int64_t> inverse(std::span<const std::int64_t> order) {
  const std::int64_t size = std::ssize(order);
  std::vector<std::int64_t> new_place(order.size(), -1);
  for (std::int64_t i = 0; i < size; ++i) {
    if (order[i] < 0 || order[i] >= size || new_place[order[i]] >= 0) {
      throw InvalidArgument(text("relabel: order must hold each of 0 to ", size - 1, " once, got ",
                                 order[i], " at ", i));
    }
    new_place[order[i]] = i;
  }
  return new_place;
}

}  // namespace

std::vector<std::int64_t> reverse_cuthill_mckee(const Graph& graph) {
  const std::vector<Edge> edges = edges_of(graph);
  const BoostCsr both_ways = to_boost_csr(
      from_edges(graph.num_nodes(), edges, {.self_loops = SelfLoops::remove, .symmetric = true}));
  std::vector<std::size_t> order;
  order.reserve(static_cast<std::size_t>(graph.num_nodes()));
  std::vector<boost::default_color_type> color(static_cast<std::size_t>(graph.num_nodes()));
  const auto index = boost::get(boost::vertex_index, both_ways);
  boost::cuthill_mckee_ordering(both_ways, std::back_inserter(order),
                                boost::make_iterator_property_map(color.begin(), index),
                                boost::make_out_degree_map(both_ways));
  return {order.rbegin(), order.rend()};
}

Graph relabel(const Graph& graph, std::span<const std::int64_t> order) {
  if (std::ssize(order) != graph.num_nodes()) {
    throw InvalidArgument(text("relabel: order must have one entry for each of ", graph.num_nodes(),
                               " nodes, got ", order.size()));
  }
  const std::vector<std::int64_t> new_place = inverse(order);
  const CsrView in = graph.in_edges();
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  std::vector<std::int64_t> input_edge;
  row_ptr.reserve(in.row_ptr.size());
  col_idx.reserve(in.col_idx.size());
  input_edge.reserve(in.col_idx.size());
  std::vector<std::pair<std::int64_t, std::int64_t>> row;  // new src, edge
  for (const std::int64_t dst : order) {
    row.clear();
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      row.emplace_back(new_place[in.col_idx[e]], e);
    }
    std::sort(row.begin(), row.end());
    for (const auto& entry : row) {
      col_idx.push_back(static_cast<std::int32_t>(entry.first));
      input_edge.push_back(graph.input_edge()[entry.second]);
    }
    row_ptr.push_back(std::ssize(col_idx));
  }
  return {std::move(row_ptr), std::move(col_idx), std::move(input_edge)};
}

std::int64_t bandwidth(const Graph& graph) noexcept {
  std::int64_t widest = 0;
  const CsrView in = graph.in_edges();
  for (std::int64_t dst = 0; dst < in.num_nodes(); ++dst) {
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      widest = std::max(widest, std::abs(in.col_idx[e] - dst));
    }
  }
  return widest;
}

}  // namespace attune::graph
