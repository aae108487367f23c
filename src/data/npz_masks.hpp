#pragma once

#include <cstdint>
#include <vector>

#include <attune/data/node_dataset.hpp>
#include <attune/data/npz.hpp>

namespace attune::data {

/// train_mask, val_mask and test_mask, each [num_nodes], zeros and ones.
/// @throws FileError  missing, or anything else
[[nodiscard]] NodeSplit read_masks(const NpzArchive& npz, std::int64_t num_nodes);

/// train_masks, val_masks and test_masks, each [num_splits, num_nodes].
/// @throws FileError  missing, anything else, or no split or more than 1,000
[[nodiscard]] std::vector<NodeSplit> read_mask_rows(const NpzArchive& npz, std::int64_t num_nodes);

}  // namespace attune::data
