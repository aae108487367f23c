#include "cli/report/neighbourhood.hpp"

#include <algorithm>
#include <numeric>

namespace attune::cli {

std::int64_t median_degree_node(const data::NodeDataset& dataset) {
  std::vector<std::int64_t> nodes = dataset.split.test;
  if (nodes.empty()) {
    nodes.resize(static_cast<std::size_t>(dataset.num_nodes()));
    std::iota(nodes.begin(), nodes.end(), std::int64_t{0});
  }
  const auto degree = [&](std::int64_t node) { return dataset.graph.in_degree(node); };
  std::vector<std::int64_t> by_degree = nodes;
  const auto middle = by_degree.begin() + static_cast<std::ptrdiff_t>(by_degree.size() / 2);
  std::ranges::nth_element(by_degree, middle, {}, degree);
  return *std::ranges::find(nodes, degree(*middle), degree);
}

Neighbourhood neighbourhood_of(const graph::Graph& graph, std::int64_t node,
                               const std::vector<double>& weight, std::size_t most) {
  const graph::CsrView in = graph.in_edges();
  std::vector<std::int64_t> edges(static_cast<std::size_t>(graph.in_degree(node)));
  std::iota(edges.begin(), edges.end(), in.row_ptr[node]);
  std::ranges::stable_sort(edges, [&](std::int64_t a, std::int64_t b) {
    const bool own_a = in.col_idx[a] == node;
    const bool own_b = in.col_idx[b] == node;
    return own_a != own_b ? own_a : weight[a] > weight[b];
  });
  Neighbourhood found{.node = node, .edges = {}, .others = {}};
  const auto shown = edges.begin() + static_cast<std::ptrdiff_t>(std::min(most, edges.size()));
  found.edges.assign(edges.begin(), shown);
  found.others.assign(shown, edges.end());
  return found;
}

}  // namespace attune::cli
