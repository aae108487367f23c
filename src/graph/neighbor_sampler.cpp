#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "graph/node_numbers.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/graph/neighbor_sampler.hpp>

namespace attune::graph {

using core::text;

namespace {

constexpr std::size_t kMostLayers = 1000;
constexpr std::int64_t kMostFanOut = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kAll = -1;
constexpr std::int64_t kRowGrain = 256;  // rows a task: about 50 us at ten neighbours a row

/// The in-edges of a node: self-loops [loops_begin, loops_end) inside [begin, end).
struct Row {
  std::int64_t begin;
  std::int64_t loops_begin;
  std::int64_t loops_end;
  std::int64_t end;

  [[nodiscard]] std::int64_t loops() const { return loops_end - loops_begin; }
  [[nodiscard]] std::int64_t neighbors() const { return end - begin - loops(); }
  /// In-edges that a fan-out leaves.
  [[nodiscard]] std::int64_t kept(std::int64_t fan_out) const {
    return loops() + (fan_out == kAll ? neighbors() : std::min(neighbors(), fan_out));
  }
  /// Number i of the edges that are no loops.
  [[nodiscard]] std::int64_t neighbor_edge(std::int64_t i) const {
    return begin + i < loops_begin ? begin + i : begin + i + loops();
  }
};

Row row_of(const CsrView& in, std::int64_t node) {
  const std::int64_t begin = in.row_ptr[node];
  const std::int64_t end = in.row_ptr[node + 1];
  const auto loops = std::equal_range(in.col_idx.begin() + begin, in.col_idx.begin() + end,
                                      static_cast<std::int32_t>(node));
  return {begin, loops.first - in.col_idx.begin(), loops.second - in.col_idx.begin(), end};
}

// `chosen` becomes as many of 0 to `count` - 1 as it is long, each set of them as likely as any
// other, ascending. Floyd's algorithm (Bentley and Floyd, "A sample of brilliance", CACM 1987): one
// draw a number, no memory but the result.
void choose(std::int64_t count, const core::RandomStream& random, std::uint64_t first_draw,
            std::span<std::int64_t> chosen) {
  const std::int64_t wanted = std::ssize(chosen);
  for (std::int64_t i = 0; i < wanted; ++i) {
    const std::int64_t last = count - wanted + i;
    const auto drawn = static_cast<std::int64_t>(
        random.below(first_draw + i, static_cast<std::uint64_t>(last) + 1));
    const auto end = chosen.begin() + i;
    const auto at = std::lower_bound(chosen.begin(), end, drawn);
    if (at != end && *at == drawn) {
      *end = last;  // larger than all before
    } else {
      std::copy_backward(at, end, end + 1);
      *at = drawn;
    }
  }
}

// Writes the edges that a node keeps.
void draw_row(const Row& row, const core::RandomStream& random, std::uint64_t first_draw,
              std::span<std::int64_t> edges) {
  std::iota(edges.begin(), edges.begin() + row.loops(), row.loops_begin);
  const auto neighbors = edges.subspan(static_cast<std::size_t>(row.loops()));
  if (std::ssize(neighbors) == row.neighbors()) {
    std::iota(neighbors.begin(), neighbors.end(), std::int64_t{0});
  } else {
    choose(row.neighbors(), random, first_draw, neighbors);
  }
  for (std::int64_t& edge : neighbors) {
    edge = row.neighbor_edge(edge);
  }
}

/// In-edges that some nodes keep, by rows.
struct KeptEdges {
  std::vector<std::int64_t> row_ptr;
  std::vector<std::int64_t> edges;  // of the graph
};

KeptEdges draw(std::span<const Row> rows, std::int64_t fan_out, const core::RandomStream& random) {
  KeptEdges kept;
  kept.row_ptr.reserve(rows.size() + 1);
  kept.row_ptr.push_back(0);
  for (const Row& row : rows) {
    kept.row_ptr.push_back(kept.row_ptr.back() + row.kept(fan_out));
  }
  kept.edges.resize(static_cast<std::size_t>(kept.row_ptr.back()));
  core::parallel_for(std::ssize(rows), kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto place = std::span(kept.edges)
                             .subspan(static_cast<std::size_t>(kept.row_ptr[i]),
                                      static_cast<std::size_t>(rows[i].kept(fan_out)));
      const auto first_draw = static_cast<std::uint64_t>(i * std::max(fan_out, std::int64_t{0}));
      draw_row(rows[i], random, first_draw, place);
    }
  });
  return kept;
}

// Rows ascend in the new numbers; edges of one src stay in the order of the graph.
void sort_rows(std::span<const std::int64_t> row_ptr, std::span<std::int32_t> col_idx,
               std::span<std::int64_t> edges) {
  core::parallel_for(std::ssize(row_ptr) - 1, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::pair<std::int32_t, std::int64_t>> row;
    for (std::int64_t i = begin; i < end; ++i) {
      row.clear();
      for (std::int64_t e = row_ptr[i]; e < row_ptr[i + 1]; ++e) {
        row.emplace_back(col_idx[e], edges[e]);
      }
      std::ranges::sort(row);
      for (std::size_t k = 0; k < row.size(); ++k) {
        col_idx[row_ptr[i] + k] = row[k].first;
        edges[row_ptr[i] + k] = row[k].second;
      }
    }
  });
}

/// The nodes of a sample so far and the in-edges of each, which are looked for once: they lie
/// anywhere in a large graph.
struct SampledNodes {
  NodeNumbers numbers;
  std::vector<Row> rows;

  /// Finds the rows of the nodes that have none yet.
  void find_rows(const CsrView& in) {
    const std::int64_t first = std::ssize(rows);
    rows.resize(numbers.nodes().size());
    core::parallel_for(std::ssize(rows) - first, kRowGrain,
                       [&](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = first + begin; i < first + end; ++i) {
                           rows[i] = row_of(in, numbers.nodes()[i]);
                         }
                       });
  }
};

// One layer back from the nodes that there are, which grow by those that they hear.
Graph sample_block(const CsrView& in, std::int64_t fan_out, const core::RandomStream& random,
                   SampledNodes& nodes) {
  KeptEdges kept = draw(nodes.rows, fan_out, random);
  const std::int64_t num_dst = std::ssize(nodes.rows);
  nodes.numbers.reserve(std::min(std::ssize(kept.edges), in.num_nodes() - num_dst));
  std::vector<std::int32_t> col_idx(kept.edges.size());
  for (std::size_t e = 0; e < kept.edges.size(); ++e) {
    col_idx[e] = nodes.numbers.number(in.col_idx[kept.edges[e]]);
  }
  nodes.find_rows(in);
  sort_rows(kept.row_ptr, col_idx, kept.edges);
  std::vector<std::int64_t> src_in_degree(nodes.rows.size());
  std::ranges::transform(nodes.rows, src_in_degree.begin(),
                         [&](const Row& row) { return row.kept(fan_out); });
  return Graph::block(std::move(kept.row_ptr), std::move(col_idx), std::move(src_in_degree),
                      std::move(kept.edges));
}

NodeNumbers numbered_targets(std::span<const std::int64_t> targets, std::int64_t num_nodes) {
  if (targets.empty()) {
    throw InvalidArgument("NeighborSampler: expected at least one target, got none");
  }
  NodeNumbers numbers;
  numbers.reserve(std::ssize(targets));
  for (std::int64_t i = 0; i < std::ssize(targets); ++i) {
    if (targets[i] < 0 || targets[i] >= num_nodes) {
      throw InvalidArgument(
          text("NeighborSampler: a target must be 0 to ", num_nodes - 1, ", got ", targets[i]));
    }
    if (numbers.number(targets[i]) != i) {
      throw InvalidArgument(text("NeighborSampler: target ", targets[i], " is listed twice"));
    }
  }
  return numbers;
}

}  // namespace

NeighborSampler::NeighborSampler(Graph graph, std::vector<std::int64_t> fan_outs)
    : graph_(std::move(graph)), fan_outs_(std::move(fan_outs)) {
  (void)graph_.num_nodes();  // of a block there is none
  if (fan_outs_.empty() || fan_outs_.size() > kMostLayers) {
    throw InvalidArgument(text("NeighborSampler: expected 1 to ", kMostLayers,
                               " fan-outs, one a layer, got ", fan_outs_.size()));
  }
  for (const std::int64_t fan_out : fan_outs_) {
    if (fan_out != kAll && (fan_out < 1 || fan_out > kMostFanOut)) {
      throw InvalidArgument(
          text("NeighborSampler: a fan-out must be -1, for all neighbours, or 1 to ", kMostFanOut,
               ", got ", fan_out));
    }
  }
}

ReceptiveField NeighborSampler::sample(std::span<const std::int64_t> targets,
                                       const core::RandomStream& random) const {
  const CsrView in = graph_.in_edges();
  SampledNodes nodes{.numbers = numbered_targets(targets, graph_.num_nodes()), .rows = {}};
  nodes.find_rows(in);
  ReceptiveField field;
  std::uint32_t stream = random.stream();
  for (const std::int64_t fan_out : fan_outs_) {
    field.blocks.push_back(sample_block(in, fan_out, random.with_stream(stream++), nodes));
  }
  std::ranges::reverse(field.blocks);
  field.nodes = nodes.numbers.nodes();
  return field;
}

}  // namespace attune::graph
