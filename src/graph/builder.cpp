#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/graph/builder.hpp>

namespace attune::graph {

namespace {

using core::text;

// An edge on its way into the graph, with its number in the caller's list (-1: added).
struct NumberedEdge {
  std::int32_t src;
  std::int32_t dst;
  std::int64_t number;
};

void check_edges(std::int64_t num_nodes, std::span<const Edge> edges) {
  if (num_nodes < 0 || num_nodes > std::numeric_limits<std::int32_t>::max()) {
    throw InvalidArgument(text("from_edges: num_nodes must be 0 to ",
                               std::numeric_limits<std::int32_t>::max(), ", got ", num_nodes));
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    for (const std::int64_t node : {edges[i].src, edges[i].dst}) {
      if (node < 0 || node >= num_nodes) {
        throw InvalidArgument(text("from_edges: edge ", i, " (", edges[i].src, " -> ", edges[i].dst,
                                   ") names node ", node, ", but there are ", num_nodes,
                                   " nodes, numbered from 0"));
      }
    }
  }
}

std::vector<NumberedEdge> apply_policies(std::int64_t num_nodes, std::span<const Edge> edges,
                                         const BuildOptions& options) {
  constexpr std::int64_t kNone = -1;
  std::vector<std::int64_t> loop_number;  // of each node that gets a loop
  if (options.self_loops == SelfLoops::add_all) {
    loop_number.assign(static_cast<std::size_t>(num_nodes), kNone);
  }
  std::vector<NumberedEdge> kept;
  kept.reserve(edges.size() * (options.symmetric ? 2 : 1) + loop_number.size());
  for (std::int64_t i = 0; i < std::ssize(edges); ++i) {
    const auto src = static_cast<std::int32_t>(edges[i].src);
    const auto dst = static_cast<std::int32_t>(edges[i].dst);
    if (src != dst) {
      kept.push_back({src, dst, i});
      if (options.symmetric) {
        kept.push_back({dst, src, i});
      }
    } else if (options.self_loops == SelfLoops::keep) {
      kept.push_back({src, dst, i});  // its own reverse: never doubled
    } else if (options.self_loops == SelfLoops::add_all && loop_number[src] == kNone) {
      loop_number[src] = i;
    }
  }
  for (std::size_t node = 0; node < loop_number.size(); ++node) {
    const auto both = static_cast<std::int32_t>(node);
    kept.push_back({both, both, loop_number[node]});
  }
  return kept;
}

// Stable counting sort by one end.
std::vector<NumberedEdge> sorted_by(std::int32_t NumberedEdge::*end, std::int64_t num_nodes,
                                    const std::vector<NumberedEdge>& edges) {
  std::vector<std::int64_t> next(static_cast<std::size_t>(num_nodes) + 1, 0);
  for (const NumberedEdge& edge : edges) {
    ++next[edge.*end + std::size_t{1}];
  }
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<NumberedEdge> sorted(edges.size());
  for (const NumberedEdge& edge : edges) {
    sorted[next[edge.*end]++] = edge;
  }
  return sorted;
}

}  // namespace

Graph from_edges(std::int64_t num_nodes, std::span<const Edge> edges, const BuildOptions& options) {
  check_edges(num_nodes, edges);
  std::vector<NumberedEdge> list = apply_policies(num_nodes, edges, options);
  // By src, then by dst: both sorts are stable, so duplicates stay in the order of the list.
  list = sorted_by(&NumberedEdge::src, num_nodes, list);
  list = sorted_by(&NumberedEdge::dst, num_nodes, list);

  std::vector<std::int64_t> row_ptr(static_cast<std::size_t>(num_nodes) + 1, 0);
  std::vector<std::int32_t> col_idx;
  std::vector<std::int64_t> input_edge;
  col_idx.reserve(list.size());
  input_edge.reserve(list.size());
  const NumberedEdge* previous = nullptr;
  for (const NumberedEdge& edge : list) {
    const bool duplicate =
        previous != nullptr && previous->src == edge.src && previous->dst == edge.dst;
    if (duplicate && options.duplicates == Duplicates::reject) {
      throw InvalidArgument(text("from_edges: edge ", edge.number, " gives ", edge.src, " -> ",
                                 edge.dst, " again, after edge ", previous->number));
    }
    previous = &edge;
    if (duplicate && options.duplicates == Duplicates::merge) {
      continue;
    }
    ++row_ptr[edge.dst + std::size_t{1}];
    col_idx.push_back(edge.src);
    input_edge.push_back(edge.number);
  }
  std::partial_sum(row_ptr.begin(), row_ptr.end(), row_ptr.begin());
  return {std::move(row_ptr), std::move(col_idx), std::move(input_edge)};
}

Graph with_self_loops(const Graph& graph) {
  const CsrView rows = graph.in_edges();
  const std::int64_t num_nodes = graph.num_nodes();
  const std::size_t upper_bound = rows.col_idx.size() + static_cast<std::size_t>(num_nodes);
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  std::vector<std::int64_t> input_edge;
  row_ptr.reserve(rows.row_ptr.size());
  col_idx.reserve(upper_bound);
  input_edge.reserve(upper_bound);
  for (std::int64_t node = 0; node < num_nodes; ++node) {
    const auto self = static_cast<std::int32_t>(node);
    bool looped = false;
    const auto add = [&](std::int32_t src, std::int64_t number) {
      col_idx.push_back(src);
      input_edge.push_back(number);
      looped = looped || src == self;
    };
    for (std::int64_t e = rows.row_ptr[node]; e < rows.row_ptr[node + 1]; ++e) {
      const std::int32_t src = rows.col_idx[e];
      if (src > self && !looped) {
        add(self, -1);
      }
      if (src != self || !looped) {
        add(src, graph.input_edge()[e]);
      }
    }
    if (!looped) {
      add(self, -1);
    }
    row_ptr.push_back(std::ssize(col_idx));
  }
  return {std::move(row_ptr), std::move(col_idx), std::move(input_edge)};
}

}  // namespace attune::graph
