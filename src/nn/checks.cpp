#include "nn/checks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::nn {

using core::text;

namespace {

constexpr std::int64_t kMostChannels = std::numeric_limits<std::int32_t>::max();

}  // namespace

void require_size(std::int64_t size, const char* who, const char* what) {
  if (size < 1 || size > kMostChannels) {
    throw InvalidArgument(text(who, ": ", what, " must be 1 to ", kMostChannels, ", got ", size));
  }
}

void require_probability(double p, const char* who, const char* what) {
  if (!(p >= 0 && p < 1)) {  // so that NaN is refused
    throw InvalidArgument(text(who, ": ", what, " must be in [0, 1), got ", p));
  }
}

void require_finite(double value, const char* who, const char* what) {
  if (!std::isfinite(value)) {
    throw InvalidArgument(text(who, ": ", what, " must be finite, got ", value));
  }
}

void require_deviation(double deviation, const char* who) {
  if (!(deviation >= 0) || !std::isfinite(deviation)) {
    throw InvalidArgument(text(who, ": deviation must be finite and at least 0, got ", deviation));
  }
}

void require_features(const Features& x, std::int64_t rows, std::int64_t channels,
                      const char* who) {
  const auto* sparse = std::get_if<sparse::CsrMatrix>(&x);
  const core::Shape found = sparse != nullptr ? core::Shape{sparse->rows(), sparse->columns()}
                                              : std::get<Variable>(x).shape();
  if (found != core::Shape{rows, channels}) {
    throw ShapeError(text(who, ": x must be [num_nodes=", rows, ", in_channels=", channels,
                          "], got ", found.to_string()));
  }
}

void require_edge_channels(std::int64_t edge_channels, const char* who) {
  if (edge_channels != 0) {
    require_size(edge_channels, who, "edge_channels");
  }
}

void require_edge_features(const Variable& edge_features, std::int64_t num_edges,
                           std::int64_t edge_channels, const char* who) {
  if (edge_channels == 0) {
    if (edge_features.defined()) {
      throw ShapeError(text(who, ": edge_features must be left out where edge_channels is 0, got ",
                            edge_features.shape().to_string()));
    }
    return;
  }
  const std::string expected =
      text("[num_edges=", num_edges, ", edge_channels=", edge_channels, "]");
  if (!edge_features.defined()) {
    throw ShapeError(text(who, ": edge_features must be ", expected,
                          ", got none; pass them to forward_with_edges()"));
  }
  if (edge_features.shape() != core::Shape{num_edges, edge_channels}) {
    throw ShapeError(text(who, ": edge_features must be ", expected, ", got ",
                          edge_features.shape().to_string()));
  }
}

void require_self_loops(const graph::Graph& graph, const char* who) {
  if (graph.has_all_self_loops()) {
    return;
  }
  const graph::CsrView rows = graph.in_edges();
  std::int64_t node = 0;
  for (; node < graph.num_dst(); ++node) {
    const auto begin = rows.col_idx.begin() + rows.row_ptr[node];
    const auto end = rows.col_idx.begin() + rows.row_ptr[node + 1];
    if (!std::binary_search(begin, end, static_cast<std::int32_t>(node))) {
      break;
    }
  }
  throw InvalidArgument(text(who, ": graph must have a self-loop at every node, node ", node,
                             " has none; pass graph::with_self_loops(graph), or set "
                             "expect_self_loops = false"));
}

}  // namespace attune::nn
