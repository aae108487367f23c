#include <algorithm>
#include <tuple>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/graph/receptive_field.hpp>

namespace attune::graph {

using core::text;

namespace {

constexpr std::int64_t kMostLayers = 1000;
constexpr std::int32_t kAbsent = -1;

/// The nodes taken so far, in their new order.
class Nodes {
 public:
  explicit Nodes(const Graph& graph)
      : graph_(graph), number_(static_cast<std::size_t>(graph.num_nodes()), kAbsent) {}

  /// Takes those of `added` that are new.
  void take(std::span<const std::int32_t> added) {
    for (const std::int32_t node : added) {
      if (number_[node] == kAbsent) {
        number_[node] = 0;
        order_.push_back(node);
      }
    }
  }

  /// Orders and numbers what was taken since the last call.
  void close_ring() {
    const auto begin = order_.begin() + numbered_;
    std::sort(begin, order_.end(), [&](std::int64_t a, std::int64_t b) {
      return std::tuple(graph_.in_degree(a), a) < std::tuple(graph_.in_degree(b), b);
    });
    for (; numbered_ < std::ssize(order_); ++numbered_) {
      number_[order_[numbered_]] = static_cast<std::int32_t>(numbered_);
    }
  }

  [[nodiscard]] std::int32_t number_of(std::int64_t node) const { return number_[node]; }
  [[nodiscard]] const std::vector<std::int64_t>& order() const { return order_; }

 private:
  const Graph& graph_;
  std::vector<std::int32_t> number_;  // of each node of the graph
  std::vector<std::int64_t> order_;
  std::ptrdiff_t numbered_ = 0;
};

std::vector<std::int32_t> checked_targets(std::span<const std::int64_t> targets,
                                          std::int64_t num_nodes) {
  if (targets.empty()) {
    throw InvalidArgument("receptive_field: expected at least one target, got none");
  }
  std::vector<char> seen(static_cast<std::size_t>(num_nodes), 0);
  std::vector<std::int32_t> checked;
  checked.reserve(targets.size());
  for (const std::int64_t target : targets) {
    if (target < 0 || target >= num_nodes) {
      throw InvalidArgument(
          text("receptive_field: a target must be 0 to ", num_nodes - 1, ", got ", target));
    }
    if (std::exchange(seen[target], 1) != 0) {
      throw InvalidArgument(text("receptive_field: target ", target, " is listed twice"));
    }
    checked.push_back(static_cast<std::int32_t>(target));
  }
  return checked;
}

// The in-edges of the first num_dst nodes.
Graph block_of(const Graph& graph, const Nodes& nodes, std::int64_t num_dst) {
  const CsrView in = graph.in_edges();
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::pair<std::int32_t, std::int64_t>> row;  // new src and edge of the graph
  std::vector<std::int32_t> col_idx;
  std::vector<std::int64_t> input_edge;
  for (std::int64_t i = 0; i < num_dst; ++i) {
    const std::int64_t dst = nodes.order()[i];
    row.clear();
    for (std::int64_t e = in.row_ptr[dst]; e < in.row_ptr[dst + 1]; ++e) {
      row.emplace_back(nodes.number_of(in.col_idx[e]), e);
    }
    std::ranges::sort(row);
    for (const auto& [src, edge] : row) {
      col_idx.push_back(src);
      input_edge.push_back(edge);
    }
    row_ptr.push_back(std::ssize(col_idx));
  }
  std::vector<std::int64_t> src_in_degree;
  src_in_degree.reserve(nodes.order().size());
  for (const std::int64_t node : nodes.order()) {
    src_in_degree.push_back(graph.in_degree(node));
  }
  return Graph::block(std::move(row_ptr), std::move(col_idx), std::move(src_in_degree),
                      std::move(input_edge));
}

}  // namespace

std::span<const std::int64_t> ReceptiveField::targets() const noexcept {
  return std::span(nodes).first(blocks.empty() ? nodes.size()
                                               : static_cast<std::size_t>(blocks.back().num_dst()));
}

ReceptiveField receptive_field(const Graph& graph, std::span<const std::int64_t> targets,
                               std::int64_t layers) {
  if (layers < 1 || layers > kMostLayers) {
    throw InvalidArgument(
        text("receptive_field: layers must be 1 to ", kMostLayers, ", got ", layers));
  }
  const CsrView in = graph.in_edges();
  Nodes nodes(graph);
  nodes.take(checked_targets(targets, graph.num_nodes()));
  nodes.close_ring();
  ReceptiveField field;
  std::int64_t ring = 0;  // where the nodes begin whose in-edges were not followed yet
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const std::int64_t num_dst = std::ssize(nodes.order());
    for (; ring < num_dst; ++ring) {
      const std::int64_t dst = nodes.order()[ring];
      nodes.take(in.col_idx.subspan(static_cast<std::size_t>(in.row_ptr[dst]),
                                    static_cast<std::size_t>(graph.in_degree(dst))));
    }
    nodes.close_ring();
    field.blocks.push_back(block_of(graph, nodes, num_dst));
  }
  std::ranges::reverse(field.blocks);
  field.nodes = nodes.order();
  return field;
}

}  // namespace attune::graph
