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
  double ms = 0;  ///< mean over the epochs of a turn, validation included; median over the turns
  double to_plain = 1;                ///< ms by that of the same network without alignment
  std::int64_t parameters = 0;        ///< of the network
  std::int64_t align_parameters = 0;  ///< of the networks of the distance
  double peak_mb = 0;                 ///< of pooled memory in an epoch, beyond what all runs share
};

/// What to time.
struct EpochPlan {
  std::vector<std::string> models;
  std::vector<std::string> aligns;
  std::string compute = "auto";  ///< as `attune train --compute`
  std::int64_t repeat = 5;       ///< turns
};

/// Times training epochs of every model, plain and aligned, with default options otherwise. Runs
/// take turns, some epochs each, so that all of them see the same noise.
[[nodiscard]] std::vector<EpochTime> time_epochs(const data::NodeDataset& dataset,
                                                 const EpochPlan& plan);

}  // namespace attune::cli::bench
