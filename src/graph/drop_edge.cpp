#include <numeric>
#include <utility>

#include "graph/graph_arrays.hpp"
#include <attune/core/parallel.hpp>
#include <attune/graph/drop_edge.hpp>

namespace attune::graph {

namespace {

constexpr std::int64_t kRowGrain = 4096;
constexpr std::int64_t kLaneGrain = 65536;
constexpr std::int64_t kDropped = -1;

}  // namespace

/// A graph to be thinned: the whole one, or a block of it.
struct DropEdge::Part {
  Graph source;
  std::vector<std::int64_t> nodes;      // of the src nodes of a block their numbers in the graph
  std::vector<std::int64_t> position;   // [edges of source] where an edge went, or kDropped
  std::shared_ptr<Graph::Arrays> left;  // what sample() fills

  [[nodiscard]] bool is_block() const { return !nodes.empty(); }

  [[nodiscard]] std::int64_t edge_of_graph(std::int64_t e) const {
    return is_block() ? source.input_edge()[e] : e;
  }
};

DropEdge::DropEdge(Graph graph, double p)
    : graph_(std::move(graph)),
      rate_(ops::DropoutRate::of(p, "DropEdge")),
      lanes_(static_cast<std::size_t>(graph_.num_edges())) {
  (void)graph_.num_nodes();  // refuses a block
  parts_.push_back({.source = graph_, .nodes = {}, .position = {}, .left = nullptr});
  sampled_.push_back(graph_);
}

DropEdge::DropEdge(Graph graph, const ReceptiveField& field, double p)
    : graph_(std::move(graph)),
      rate_(ops::DropoutRate::of(p, "DropEdge")),
      lanes_(static_cast<std::size_t>(graph_.num_edges())) {
  for (const Graph& block : field.blocks) {
    parts_.push_back({.source = block,
                      .nodes = {field.nodes.begin(), field.nodes.begin() + block.num_src()},
                      .position = {},
                      .left = nullptr});
  }
  sampled_ = field.blocks;
}

DropEdge::~DropEdge() = default;
DropEdge::DropEdge(DropEdge&&) noexcept = default;
DropEdge& DropEdge::operator=(DropEdge&&) noexcept = default;

std::span<const Graph> DropEdge::sample(const core::RandomStream& stream) {
  draw(stream);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    sampled_[i] = Graph();
    if (part.left == nullptr || part.left.use_count() > 1) {
      part.left = std::make_shared<Graph::Arrays>();
      part.left->all_self_loops = part.source.has_all_self_loops();
    }
    keep_in_edges(part);
    keep_out_edges(part);
    if (part.is_block()) {
      count_in_degrees(part);
    }
    sampled_[i].arrays_ = part.left;
  }
  return sampled_;
}

void DropEdge::draw(const core::RandomStream& stream) {
  core::parallel_for(std::ssize(lanes_), kLaneGrain, [&](std::int64_t begin, std::int64_t end) {
    const auto first = static_cast<std::size_t>(begin);
    stream.lanes(first, std::span(lanes_).subspan(first, static_cast<std::size_t>(end - begin)));
  });
}

// Rows are counted, then filled: each has one owner, and edges keep their order.
void DropEdge::keep_in_edges(Part& part) const {
  const CsrView in = part.source.in_edges();
  Graph::Arrays& left = *part.left;
  left.row_ptr.resize(in.row_ptr.size());
  part.position.resize(in.col_idx.size());
  core::parallel_for(in.num_nodes(), kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t count = 0;
      for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
        const bool kept = in.col_idx[e] == i || stays(part.edge_of_graph(e));
        part.position[e] = kept ? count : kDropped;  // in the row, so far
        count += kept ? 1 : 0;
      }
      left.row_ptr[i + 1] = count;
    }
  });
  std::partial_sum(left.row_ptr.begin(), left.row_ptr.end(), left.row_ptr.begin());
  left.col_idx.resize(static_cast<std::size_t>(left.row_ptr.back()));
  left.input_edge.resize(left.col_idx.size());
  core::parallel_for(in.num_nodes(), kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t e = in.row_ptr[i]; e < in.row_ptr[i + 1]; ++e) {
        if (part.position[e] != kDropped) {
          const std::int64_t at = part.position[e] += left.row_ptr[i];
          left.col_idx[at] = in.col_idx[e];
          left.input_edge[at] = part.edge_of_graph(e);
        }
      }
    }
  });
}

void DropEdge::keep_out_edges(Part& part) const {
  const CsrView out = part.source.out_edges();
  const std::span<const std::int64_t> out_to_in = part.source.out_to_in();
  Graph::Arrays& left = *part.left;
  left.out_row_ptr.resize(out.row_ptr.size());
  core::parallel_for(out.num_nodes(), kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j) {
      std::int64_t count = 0;
      for (std::int64_t t = out.row_ptr[j]; t < out.row_ptr[j + 1]; ++t) {
        count += part.position[out_to_in[t]] != kDropped ? 1 : 0;
      }
      left.out_row_ptr[j + 1] = count;
    }
  });
  std::partial_sum(left.out_row_ptr.begin(), left.out_row_ptr.end(), left.out_row_ptr.begin());
  left.out_col_idx.resize(left.col_idx.size());
  left.out_to_in.resize(left.col_idx.size());
  core::parallel_for(out.num_nodes(), kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j) {
      std::int64_t at = left.out_row_ptr[j];
      for (std::int64_t t = out.row_ptr[j]; t < out.row_ptr[j + 1]; ++t) {
        if (const std::int64_t position = part.position[out_to_in[t]]; position != kDropped) {
          left.out_col_idx[at] = out.col_idx[t];
          left.out_to_in[at++] = position;
        }
      }
    }
  });
}

// Of src nodes that are no dst nodes the block has no in-edges: these are looked up in the graph.
void DropEdge::count_in_degrees(Part& part) const {
  Graph::Arrays& left = *part.left;
  const std::int64_t num_dst = std::ssize(left.row_ptr) - 1;
  left.src_in_degree.resize(part.nodes.size());
  core::parallel_for(std::ssize(part.nodes), kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j) {
      left.src_in_degree[j] =
          j < num_dst ? left.row_ptr[j + 1] - left.row_ptr[j] : degree_left(part.nodes[j]);
    }
  });
}

std::int64_t DropEdge::degree_left(std::int64_t node) const {
  const CsrView in = graph_.in_edges();
  std::int64_t degree = 0;
  for (std::int64_t e = in.row_ptr[node]; e < in.row_ptr[node + 1]; ++e) {
    degree += in.col_idx[e] == node || stays(e) ? 1 : 0;
  }
  return degree;
}

}  // namespace attune::graph
