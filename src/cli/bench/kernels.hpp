#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/bench/roofline.hpp"
#include <attune/data/node_dataset.hpp>

namespace attune::cli::bench {

/// A kernel beside what the machine allows.
struct KernelTime {
  std::string kernel;
  std::string pass;  ///< forward, backward, both or step
  std::string size;  ///< of what it works on, `8x8` or `w = 256`
  Work work;
  double ms = 0;
  double bound_ms = 0;
  bool memory_bound = false;  ///< whether the bound is that of the bytes
};

/// What to time.
struct KernelPlan {
  std::vector<std::pair<int, int>> shapes;  ///< heads and channels
  std::vector<std::string> distances;       ///< gan, ct, ot, mmd
  std::vector<std::int64_t> positions;      ///< sizes of their clouds
  std::int64_t in_channels = 128;           ///< of the dense products
  std::int64_t repeat = 5;
};

/// Times the kernels of training on the graph of the data set with self-loops, and on its features.
[[nodiscard]] std::vector<KernelTime> time_kernels(const data::NodeDataset& dataset,
                                                   const KernelPlan& plan,
                                                   const Roofline& roofline);

}  // namespace attune::cli::bench
