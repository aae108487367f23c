#include <algorithm>

#include <boost/pending/disjoint_sets.hpp>

#include <attune/graph/statistics.hpp>

namespace attune::graph {

namespace {

void count_degrees(const Graph& graph, GraphStatistics& out) {
  std::vector<std::int64_t> degrees(static_cast<std::size_t>(graph.num_nodes()));
  for (std::int64_t node = 0; node < graph.num_nodes(); ++node) {
    degrees[node] = graph.in_degree(node);
  }
  if (degrees.empty()) {
    return;
  }
  std::sort(degrees.begin(), degrees.end());
  out.min_degree = degrees.front();
  out.max_degree = degrees.back();
  out.mean_degree = static_cast<double>(graph.num_edges()) / static_cast<double>(degrees.size());
  const std::size_t middle = degrees.size() / 2;
  out.median_degree =
      degrees.size() % 2 == 1
          ? static_cast<double>(degrees[middle])
          : (static_cast<double>(degrees[middle - 1]) + static_cast<double>(degrees[middle])) / 2;
}

void count_odd_edges(const Graph& graph, GraphStatistics& out) {
  const CsrView in = graph.in_edges();
  for (std::int64_t dst = 0; dst < in.num_nodes(); ++dst) {
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      out.num_self_loops += in.col_idx[e] == dst ? 1 : 0;
      out.num_duplicates += e > in.row_ptr[dst] && in.col_idx[e] == in.col_idx[e - 1] ? 1 : 0;
    }
  }
}

// Both CSRs are sorted, so a graph is its own transpose exactly where they are the same.
bool is_symmetric(const Graph& graph) {
  const CsrView in = graph.in_edges();
  const CsrView out = graph.out_edges();
  return std::equal(in.row_ptr.begin(), in.row_ptr.end(), out.row_ptr.begin()) &&
         std::equal(in.col_idx.begin(), in.col_idx.end(), out.col_idx.begin());
}

}  // namespace

Components connected_components(const Graph& graph) {
  const auto size = static_cast<std::size_t>(graph.num_nodes());
  std::vector<int> rank(size);
  std::vector<std::int64_t> parent(size);
  boost::disjoint_sets sets(rank.data(), parent.data());
  for (std::int64_t node = 0; node < graph.num_nodes(); ++node) {
    sets.make_set(node);
  }
  const CsrView in = graph.in_edges();
  for (std::int64_t dst = 0; dst < in.num_nodes(); ++dst) {
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      sets.union_set(std::int64_t{in.col_idx[e]}, dst);
    }
  }
  Components out{.component = std::vector<std::int64_t>(size), .sizes = {}};
  std::vector<std::int64_t> number(size, -1);  // of the component by its representative
  for (std::int64_t node = 0; node < graph.num_nodes(); ++node) {
    std::int64_t& component = number[sets.find_set(node)];
    if (component < 0) {
      component = out.count();
      out.sizes.push_back(0);
    }
    out.component[node] = component;
    ++out.sizes[component];
  }
  return out;
}

GraphStatistics statistics(const Graph& graph) {
  GraphStatistics out{.num_nodes = graph.num_nodes(), .num_edges = graph.num_edges()};
  count_degrees(graph, out);
  count_odd_edges(graph, out);
  out.symmetric = is_symmetric(graph);
  const Components components = connected_components(graph);
  out.num_components = components.count();
  out.isolated_nodes = std::count(components.sizes.begin(), components.sizes.end(), 1);
  if (!components.sizes.empty()) {
    out.largest_component = *std::max_element(components.sizes.begin(), components.sizes.end());
  }
  return out;
}

}  // namespace attune::graph
