#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include <attune/train/node_classification.hpp>
#include <attune/train/settings.hpp>

namespace attune::cli {

/// `--batch-size` and `--fan-outs`: steps over some nodes each, with sampled neighbours.
struct BatchFlags {
  std::optional<std::int64_t> batch_size = std::nullopt;  ///< none: one step an epoch
  std::string fan_outs = {};                              ///< as typed: `10,5`

  /// Training goes in batches.
  [[nodiscard]] bool active() const { return batch_size.has_value() || !fan_outs.empty(); }
};

void add_batch_options(Command command, BatchFlags& flags);

/// @param layers      of the model
/// @param num_graphs  of the data set: of several, batches without fan-outs are whole graphs
/// @throws InvalidArgument  one option without the other, a size below 1, fan-outs that are not
///                          numbers, are out of range or are not one a layer
[[nodiscard]] train::NodeBatchOptions node_batches(const BatchFlags& flags, std::int64_t layers,
                                                   std::int64_t num_graphs);

/// What a checkpoint and a result say about it; nothing where training does not go in batches.
[[nodiscard]] train::Settings to_settings(const BatchFlags& flags);

}  // namespace attune::cli
