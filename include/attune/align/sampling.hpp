#pragma once

#include <cstdint>
#include <vector>

#include <attune/align/clouds.hpp>
#include <attune/core/pool.hpp>
#include <attune/core/random.hpp>

namespace attune::align {

/// Clouds thinned out: at most `count` valid positions of each side of each sample, drawn
/// uniformly without replacement. Where the two sides of a sample have the same valid positions, as
/// in self-attention, the same are drawn for both; they are the same for all heads.
///
///     const SampledClouds sampled(clouds, 512, random.with_stream(layer).at_step(step));
///     Variable loss = mmd(sampled.clouds());
class SampledClouds {
 public:
  /// @param count   0 keeps all positions
  /// @param random  which are drawn is a function of it and of the masks alone
  /// @throws InvalidArgument  a negative count; ShapeError as the distances
  SampledClouds(const Clouds& clouds, std::int64_t count, const core::RandomStream& random);
  SampledClouds(const SampledClouds&) = delete;
  SampledClouds& operator=(const SampledClouds&) = delete;

  /// Lists positions, in place of the masks, where some were left out. Valid as long as this object
  /// and the masks and segments of the original.
  [[nodiscard]] const Clouds& clouds() const noexcept { return clouds_; }

 private:
  std::vector<std::int32_t, core::PoolAllocator<std::int32_t>> query_positions_;
  std::vector<std::int32_t, core::PoolAllocator<std::int32_t>> key_positions_;
  Clouds clouds_;
};

}  // namespace attune::align
