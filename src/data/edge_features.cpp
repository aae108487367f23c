#include "data/edge_features.hpp"

#include <algorithm>

namespace attune::data {

namespace {

constexpr std::int64_t kNone = -1;

// Which edge of the list gives edge e of the graph its features.
std::vector<std::int64_t> sources(const graph::Graph& graph, std::span<const graph::Edge> edges) {
  const graph::CsrView in = graph.in_edges();
  std::vector<std::int64_t> source(in.col_idx.size(), kNone);
  for (std::int64_t i = 0; i < std::ssize(edges); ++i) {
    const auto begin = in.col_idx.begin() + in.row_ptr[edges[i].dst];
    const auto end = in.col_idx.begin() + in.row_ptr[edges[i].dst + 1];
    const auto at = std::lower_bound(begin, end, static_cast<std::int32_t>(edges[i].src));
    if (at != end && *at == edges[i].src) {  // else a self-loop, which was dropped
      std::int64_t& first = source[at - in.col_idx.begin()];
      first = first == kNone ? i : first;
    }
  }
  for (std::size_t e = 0; e < source.size(); ++e) {
    if (source[e] == kNone) {
      source[e] = graph.input_edge()[e];  // the other way round
    }
  }
  return source;
}

}  // namespace

core::Tensor features_in_order(const graph::Graph& graph, std::span<const graph::Edge> edges,
                               const std::vector<float>& features, std::int64_t channels) {
  core::Tensor ordered = core::Tensor::empty({graph.num_edges(), channels});
  float* to = ordered.mutable_data<float>().data();
  for (const std::int64_t from : sources(graph, edges)) {
    to = std::copy_n(features.begin() + from * channels, channels, to);
  }
  return ordered;
}

}  // namespace attune::data
