#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <attune/graph/graph.hpp>

namespace attune::cli::bench {

/// Forward and backward of one attention layer over dense features.
struct LayerTime {
  std::string layer;
  std::int64_t heads = 0;
  std::int64_t channels = 0;
  double ms = 0;
  double peak_mb = 0;     ///< of pooled memory beyond features, parameters and output's gradient
  double allowed_mb = 0;  ///< output, gradients of features and parameters, 4 E H floats
  double bound_ms = 0;    ///< bytes of the fused algorithm at the machine's bandwidth, or its
                          ///< operations at the machine's matrix product: the larger one
};

/// What to time.
struct LayerPlan {
  std::vector<std::string> layers;          ///< gat, gatv2, transformer
  std::vector<std::pair<int, int>> shapes;  ///< heads and channels of each
  std::int64_t in_channels = 128;
  std::int64_t repeat = 5;
};

/// @param graph             with self-loops
/// @param bytes_per_second  of the machine
/// @param flops             of the machine
[[nodiscard]] std::vector<LayerTime> time_layers(const graph::Graph& graph, const LayerPlan& plan,
                                                 double bytes_per_second, double flops);

}  // namespace attune::cli::bench
