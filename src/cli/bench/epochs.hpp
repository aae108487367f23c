#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <attune/data/node_dataset.hpp>

namespace attune::cli::bench {

/// One network with or without alignment.
struct EpochTime {
  std::string model;
  std::string align;
  double ms = 0;                      ///< median over the epochs, validation included
  double to_plain = 1;                ///< ms by that of the same network without alignment
  std::int64_t parameters = 0;        ///< of the network
  std::int64_t align_parameters = 0;  ///< of the networks of the distance
  double peak_mb = 0;                 ///< of pooled memory in an epoch, beyond what all runs share
};

/// Times training epochs of every model, plain and aligned, with default options. Runs take turns,
/// a few epochs each, so that all of them see the same noise.
[[nodiscard]] std::vector<EpochTime> time_epochs(const data::NodeDataset& dataset,
                                                 const std::vector<std::string>& models,
                                                 const std::vector<std::string>& aligns,
                                                 std::int64_t repeat);

}  // namespace attune::cli::bench
