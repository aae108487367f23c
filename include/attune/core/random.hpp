#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace attune::core {

/// What a random stream is drawn for. Streams of different purposes never meet, so that attaching
/// one consumer does not disturb another.
enum class Purpose : std::uint32_t {
  initialization = 1,
  dropout = 2,
  split = 3,
  sampling = 4,
  alignment = 5,
  generation = 6,
};

/// Counter-based random numbers (Philox4x32-10, Salmon et al., "Parallel random numbers: as easy as
/// 1, 2, 3", SC 2011). Every number is a function of (seed, purpose, stream, step, index): it does
/// not matter who draws it, in which order, or on how many threads. Cheap to copy; has no state.
class RandomStream {
 public:
  /// @param stream  0 to 2^24 - 1
  /// @param step    of training, any
  RandomStream(std::uint64_t seed, Purpose purpose, std::uint32_t stream = 0,
               std::uint32_t step = 0) noexcept;

  /// The same seed and purpose, another stream (0 to 2^24 - 1).
  [[nodiscard]] RandomStream with_stream(std::uint32_t stream) const noexcept;
  /// The same stream at another step.
  [[nodiscard]] RandomStream at_step(std::uint32_t step) const noexcept;

  /// As it was made with, as are the two below.
  [[nodiscard]] std::uint64_t seed() const noexcept;
  /// In [0, 2^24).
  [[nodiscard]] std::uint32_t stream() const noexcept;
  /// Any 32 bits.
  [[nodiscard]] std::uint32_t step() const noexcept { return step_; }

  /// Four independent words; `index` below 2^62.
  [[nodiscard]] std::array<std::uint32_t, 4> block(std::uint64_t index) const noexcept;

  /// Words [first, first + out.size()) of the stream; word i is block(i / 4)[i % 4].
  /// Vectorised. `first` must be a multiple of 4.
  void words(std::uint64_t first, std::span<std::uint32_t> out) const noexcept;

  /// The same bits sixteen at a time: lane i is the low half of word i / 2 for even i, the high
  /// half for odd i. `first` may be any.
  void lanes(std::uint64_t first, std::span<std::uint16_t> out) const noexcept;

  /// 64 random bits.
  [[nodiscard]] std::uint64_t bits(std::uint64_t index) const noexcept;
  /// Uniform in [0, 1), 53 bits.
  [[nodiscard]] double uniform(std::uint64_t index) const noexcept;
  /// Standard normal.
  [[nodiscard]] double normal(std::uint64_t index) const noexcept;
  /// Uniform in [0, bound); bound >= 1. The bias is below bound / 2^64.
  [[nodiscard]] std::uint64_t below(std::uint64_t index, std::uint64_t bound) const noexcept;

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint32_t purpose_and_stream_;
  std::uint32_t step_;
};

}  // namespace attune::core
