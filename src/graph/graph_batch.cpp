#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/graph/graph_batch.hpp>

namespace attune::graph {

using core::text;

namespace {

void check_graph_ptr(std::span<const std::int64_t> graph_ptr, std::int64_t num_nodes) {
  if (graph_ptr.empty() || graph_ptr.front() != 0 || graph_ptr.back() != num_nodes) {
    throw InvalidArgument(
        text("unbatch_graphs: graph_ptr must run from 0 to the number of nodes, ", num_nodes));
  }
  for (std::size_t g = 1; g < graph_ptr.size(); ++g) {
    if (graph_ptr[g] < graph_ptr[g - 1]) {
      throw InvalidArgument(text("unbatch_graphs: graph_ptr must not decrease, got ", graph_ptr[g],
                                 " after ", graph_ptr[g - 1]));
    }
  }
}

// The rows [begin, end), which must not leave these nodes.
Graph cut(const Graph& graph, std::int64_t begin, std::int64_t end) {
  const CsrView in = graph.in_edges();
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  for (std::int64_t dst = begin; dst < end; ++dst) {
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      const std::int32_t src = in.col_idx[e];
      if (src < begin || src >= end) {
        throw InvalidArgument(text("unbatch_graphs: the edge ", src, " -> ", dst,
                                   " leaves its graph, nodes ", begin, " to ", end - 1));
      }
      col_idx.push_back(static_cast<std::int32_t>(src - begin));
    }
    row_ptr.push_back(std::ssize(col_idx));
  }
  return {std::move(row_ptr), std::move(col_idx)};
}

}  // namespace

GraphBatch batch_graphs(std::span<const Graph> graphs) {
  GraphBatch batch;
  std::size_t num_edges = 0;
  for (const Graph& graph : graphs) {
    batch.graph_ptr.push_back(batch.graph_ptr.back() + graph.num_nodes());
    num_edges += static_cast<std::size_t>(graph.num_edges());
  }
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  row_ptr.reserve(static_cast<std::size_t>(batch.graph_ptr.back()) + 1);
  col_idx.reserve(num_edges);
  for (std::size_t g = 0; g < graphs.size(); ++g) {
    const CsrView in = graphs[g].in_edges();
    const std::int64_t edges_before = std::ssize(col_idx);
    for (const std::int32_t src : in.col_idx) {
      // What wraps around is more nodes than a graph may have, which its constructor refuses.
      col_idx.push_back(static_cast<std::int32_t>(batch.graph_ptr[g] + src));
    }
    for (std::int64_t dst = 0; dst < in.num_nodes(); ++dst) {
      row_ptr.push_back(edges_before + in.row_ptr[dst + 1]);
    }
  }
  batch.graph = Graph(std::move(row_ptr), std::move(col_idx));
  return batch;
}

std::vector<Graph> unbatch_graphs(const Graph& graph, std::span<const std::int64_t> graph_ptr) {
  check_graph_ptr(graph_ptr, graph.num_nodes());
  std::vector<Graph> graphs;
  for (std::size_t g = 1; g < graph_ptr.size(); ++g) {
    graphs.push_back(cut(graph, graph_ptr[g - 1], graph_ptr[g]));
  }
  return graphs;
}

}  // namespace attune::graph
