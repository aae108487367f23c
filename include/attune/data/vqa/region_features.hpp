#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <attune/core/tensor.hpp>
#include <attune/data/vqa/vqa_dataset.hpp>

namespace attune::data {

/// What the regions of a picture must look like, and how many are kept.
struct RegionOptions {
  std::int64_t channels = 0;       ///< of a region; 0: as many as the first picture has
  std::int64_t min_regions = 1;    ///< of a picture
  std::int64_t max_regions = 100;  ///< the extraction that MCAN was published with has 10 to 100
  std::int64_t cache_bytes = std::int64_t{1} << 30;  ///< of regions kept; 0: none
};

/// The regions of one picture from a .npz file as bottom-up attention's extraction for MCAN writes
/// it: member `x`, float32 [channels, regions]. Where `num_bbox` or `bbox` [regions, 4] are there,
/// they must agree.
/// @return  [regions, channels]
/// @throws FileError  another shape, too few or too many regions, a value that is not finite
[[nodiscard]] core::Tensor read_regions(const std::string& path, const RegionOptions& options);

/// Regions of the pictures of a part, read when they are asked for. Those asked for last are kept,
/// up to so many bytes. May be asked by several threads at once.
class RegionFeatures {
 public:
  /// Keeps a copy of the names of the files, not the part.
  /// @throws InvalidArgument  options out of range; a picture without a file
  /// @throws FileError        channels is 0 and the first picture cannot be read
  explicit RegionFeatures(const VqaPart& part, const RegionOptions& options = {});
  ~RegionFeatures();
  /// What was moved from takes assignment and destruction alone.
  RegionFeatures(RegionFeatures&&) noexcept;
  /// As above.
  RegionFeatures& operator=(RegionFeatures&&) noexcept;

  /// @param image  index into VqaPart::images
  /// @return       [regions, channels]; elements may be shared: do not write to them
  /// @throws InvalidArgument  image out of range
  /// @throws FileError        as read_regions() says
  [[nodiscard]] core::Tensor read(std::int64_t image) const;

  /// Of a region.
  [[nodiscard]] std::int64_t channels() const noexcept;
  /// Pictures.
  [[nodiscard]] std::int64_t size() const noexcept;
  /// Of regions kept now.
  [[nodiscard]] std::int64_t cached_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace attune::data
