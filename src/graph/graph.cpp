#include <cassert>
#include <limits>
#include <numeric>
#include <utility>

#include "graph/graph_arrays.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/graph/graph.hpp>

namespace attune::graph {

namespace {

using core::text;

constexpr std::int64_t kMaxNodes = std::numeric_limits<std::int32_t>::max();

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw InvalidArgument(text("Graph: ", parts...));
}

void check_row_ptr(std::span<const std::int64_t> row_ptr, std::int64_t num_edges) {
  if (row_ptr.empty()) {
    fail("row_ptr must have num_nodes + 1 entries, got none");
  }
  const std::int64_t num_nodes = std::ssize(row_ptr) - 1;
  if (num_nodes > kMaxNodes) {
    fail("expected at most ", kMaxNodes, " nodes, got ", num_nodes);
  }
  if (row_ptr.front() != 0) {
    fail("row_ptr[0] must be 0, got ", row_ptr.front());
  }
  for (std::int64_t node = 0; node < num_nodes; ++node) {
    if (row_ptr[node + 1] < row_ptr[node]) {
      fail("row_ptr must not decrease, got ", row_ptr[node + 1], " after ", row_ptr[node],
           " at row ", node);
    }
  }
  if (row_ptr.back() != num_edges) {
    fail("row_ptr must end at the number of edges, ", num_edges, ", got ", row_ptr.back());
  }
}

void check_columns(const CsrView& rows, std::int64_t num_src) {
  for (std::int64_t node = 0; node < rows.num_nodes(); ++node) {
    std::int32_t previous = 0;
    for (std::int64_t e = rows.row_ptr[node]; e < rows.row_ptr[node + 1]; ++e) {
      const std::int32_t column = rows.col_idx[e];
      if (column < 0 || column >= num_src) {
        fail("col_idx[", e, "] must be 0 to ", num_src - 1, ", got ", column);
      }
      if (column < previous) {
        fail("row ", node, " must be ascending, got ", column, " after ", previous);
      }
      previous = column;
    }
  }
}

}  // namespace

Graph::Graph() {
  // One for all: a graph without nodes is what members of other classes start as.
  static const auto kEmpty = [] {
    auto arrays = std::make_shared<Arrays>();
    arrays->row_ptr = {0};
    arrays->out_row_ptr = {0};
    return std::shared_ptr<const Arrays>(std::move(arrays));
  }();
  arrays_ = kEmpty;
}

Graph::Graph(std::vector<std::int64_t> row_ptr, std::vector<std::int32_t> col_idx,
             std::vector<std::int64_t> input_edge) {
  const std::int64_t num_nodes = std::ssize(row_ptr) - 1;
  *this = Graph(std::move(row_ptr), std::move(col_idx), num_nodes, {}, std::move(input_edge));
}

Graph Graph::block(std::vector<std::int64_t> row_ptr, std::vector<std::int32_t> col_idx,
                   std::vector<std::int64_t> src_in_degree, std::vector<std::int64_t> input_edge) {
  const std::int64_t num_dst = std::ssize(row_ptr) - 1;
  const std::int64_t num_src = std::ssize(src_in_degree);
  if (num_src < num_dst) {
    fail("a block must have as many src nodes as its ", num_dst, " dst nodes at least, got ",
         num_src);
  }
  if (num_src > kMaxNodes) {
    fail("expected at most ", kMaxNodes, " nodes, got ", num_src);
  }
  return {std::move(row_ptr), std::move(col_idx), num_src, std::move(src_in_degree),
          std::move(input_edge)};
}

Graph::Graph(std::vector<std::int64_t> row_ptr, std::vector<std::int32_t> col_idx,
             std::int64_t num_src, std::vector<std::int64_t> src_in_degree,
             std::vector<std::int64_t> input_edge) {
  const std::int64_t num_edges = std::ssize(col_idx);
  const CsrView rows{row_ptr, col_idx};
  check_row_ptr(row_ptr, num_edges);
  check_columns(rows, num_src);
  if (input_edge.empty()) {
    input_edge.resize(col_idx.size());
    std::iota(input_edge.begin(), input_edge.end(), std::int64_t{0});
  } else if (std::ssize(input_edge) != num_edges) {
    fail("input_edge must have one entry for each of ", num_edges, " edges, got ",
         input_edge.size());
  }

  auto arrays = std::make_shared<Arrays>();
  arrays->out_row_ptr.assign(static_cast<std::size_t>(num_src) + 1, 0);
  arrays->out_col_idx.resize(col_idx.size());
  arrays->out_to_in.resize(col_idx.size());
  for (const std::int32_t src : col_idx) {
    ++arrays->out_row_ptr[src + std::size_t{1}];
  }
  std::partial_sum(arrays->out_row_ptr.begin(), arrays->out_row_ptr.end(),
                   arrays->out_row_ptr.begin());
  // Rows are visited in the order of dst, so each row of the transpose comes out ascending.
  std::vector<std::int64_t> next(arrays->out_row_ptr.begin(), arrays->out_row_ptr.end() - 1);
  for (std::int64_t dst = 0; dst < rows.num_nodes(); ++dst) {
    bool looped = false;
    for (std::int64_t e = row_ptr[dst]; e < row_ptr[dst + 1]; ++e) {
      looped = looped || col_idx[e] == dst;
      const std::int64_t position = next[col_idx[e]]++;
      arrays->out_col_idx[position] = static_cast<std::int32_t>(dst);
      arrays->out_to_in[position] = e;
    }
    arrays->all_self_loops = arrays->all_self_loops && looped;
  }
  arrays->row_ptr = std::move(row_ptr);
  arrays->col_idx = std::move(col_idx);
  arrays->input_edge = std::move(input_edge);
  arrays->src_in_degree = std::move(src_in_degree);
  arrays_ = std::move(arrays);
}

std::int64_t Graph::num_nodes() const {
  if (num_dst() != num_src()) {
    fail("expected as many src as dst nodes, got a block of ", num_src(), " and ", num_dst());
  }
  return num_dst();
}

std::int64_t Graph::num_dst() const noexcept {
  return std::ssize(arrays_->row_ptr) - 1;
}

std::int64_t Graph::num_src() const noexcept {
  return std::ssize(arrays_->out_row_ptr) - 1;
}

std::int64_t Graph::num_edges() const noexcept {
  return std::ssize(arrays_->col_idx);
}

CsrView Graph::in_edges() const noexcept {
  return {arrays_->row_ptr, arrays_->col_idx};
}

CsrView Graph::out_edges() const noexcept {
  return {arrays_->out_row_ptr, arrays_->out_col_idx};
}

std::span<const std::int64_t> Graph::out_to_in() const noexcept {
  return arrays_->out_to_in;
}

std::span<const std::int64_t> Graph::input_edge() const noexcept {
  return arrays_->input_edge;
}

bool Graph::has_all_self_loops() const noexcept {
  return arrays_->all_self_loops;
}

std::int64_t Graph::in_degree(std::int64_t node) const noexcept {
  assert(node >= 0 && node < num_dst());
  return arrays_->row_ptr[node + 1] - arrays_->row_ptr[node];
}

std::int64_t Graph::out_degree(std::int64_t node) const noexcept {
  assert(node >= 0 && node < num_src());
  return arrays_->out_row_ptr[node + 1] - arrays_->out_row_ptr[node];
}

std::int64_t Graph::src_in_degree(std::int64_t node) const noexcept {
  assert(node >= 0 && node < num_src());
  return arrays_->src_in_degree.empty() ? in_degree(node) : arrays_->src_in_degree[node];
}

}  // namespace attune::graph
