#pragma once

#include <cstdint>
#include <string>

#include <attune/data/node_dataset.hpp>

namespace attune::data {

/// What an .npz data set may say about its split.
enum class NpzSplits : std::uint8_t {
  native,  ///< one, as train_mask, val_mask and test_mask
  any,     ///< one, several as train_masks, val_masks and test_masks, or none
};

/// Every layout that load_npz() knows.
/// @throws FileError
[[nodiscard]] NodeDataset read_npz_dataset(const std::string& path, NpzSplits splits);

}  // namespace attune::data
