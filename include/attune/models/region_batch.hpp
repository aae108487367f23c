#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <attune/core/tensor.hpp>

namespace attune::models {

/// Images as a model takes them: the regions of all of them one after another, without padding.
struct RegionBatch {
  core::Tensor features;             ///< [num_regions, channels]
  std::vector<std::int64_t> starts;  ///< [num_images + 1]: of each image's regions, then the end

  /// Images in the batch.
  [[nodiscard]] std::int64_t num_images() const noexcept {
    return static_cast<std::int64_t>(starts.size()) - 1;
  }
};

/// @param images  the regions of each, [regions, channels]: at least one, all of as many channels
///                and of one element type
/// @throws InvalidArgument  no image, or one without a region
/// @throws ShapeError       an image that is not a matrix, or does not fit the first one
[[nodiscard]] RegionBatch pack_regions(std::span<const core::Tensor> images);

/// Leaves the padding out: results are those of the padded batch under the mask.
/// @param padded  [num_images, length, channels]
/// @param mask    [num_images, length], 0 for padding
/// @throws ShapeError       padded is not of rank 3, or the mask not of its size
/// @throws InvalidArgument  an image that is all padding
[[nodiscard]] RegionBatch pack_regions(const core::Tensor& padded,
                                       std::span<const std::uint8_t> mask);

}  // namespace attune::models
