#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <attune/graph/graph.hpp>

namespace attune::cli::bench {

/// Forward and backward of one attention layer over dense features, with what the machine could do
/// measured right before and right after.
struct LayerTime {
  std::string layer;
  std::int64_t heads = 0;
  std::int64_t channels = 0;
  double ms = 0;
  double peak_mb = 0;       ///< of pooled memory beyond features, parameters and output's gradient
  double process_mb = 0;    ///< the same as the system counts it, code included; 0: not known
  double allowed_mb = 0;    ///< output, gradients of features and parameters, 4 E H floats
  double bytes_before = 0;  ///< a second, copied
  double bytes_after = 0;   ///< the same
  double gathered_bytes =
      0;             ///< a second, rows of the layer's width from any place of as many rows
  double flops = 0;  ///< of a large product, the mean of before and after
  /// All bytes of the fused algorithm at the speed of copies, the mean of before and after, or all
  /// operations at that of a large product, whichever takes longer.
  double bound_ms = 0;
  /// The same product by product and pass by pass, one after another, with rows that edges look up
  /// at the speed of gathered_bytes: what is left to win without overlapping them.
  double steps_ms = 0;
};

/// What to time.
struct LayerPlan {
  std::vector<std::string> layers;          ///< gat, gatv2, transformer
  std::vector<std::pair<int, int>> shapes;  ///< heads and channels of each
  std::int64_t in_channels = 128;
  std::int64_t repeat = 5;
};

/// @param graph  with self-loops
[[nodiscard]] std::vector<LayerTime> time_layers(const graph::Graph& graph, const LayerPlan& plan);

}  // namespace attune::cli::bench
