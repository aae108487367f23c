#include <algorithm>
#include <cmath>
#include <numbers>

#include <Random123/philox.h>

#include <attune/core/random.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/random.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace attune::core::HWY_NAMESPACE {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;
constexpr std::size_t kLanes = 32;  // blocks worked on side by side; fills any vector

// Philox4x32-10 on kLanes consecutive blocks, lane by lane, so that the compiler can vectorise.
void philox_lanes(std::uint64_t first_block, std::uint32_t c2, std::uint32_t c3, std::uint32_t k0,
                  std::uint32_t k1, std::uint32_t* HWY_RESTRICT out) {
  alignas(64) std::uint32_t x0[kLanes];
  alignas(64) std::uint32_t x1[kLanes];
  alignas(64) std::uint32_t x2[kLanes];
  alignas(64) std::uint32_t x3[kLanes];
  for (std::size_t l = 0; l < kLanes; ++l) {
    const std::uint64_t index = first_block + l;
    x0[l] = static_cast<std::uint32_t>(index);
    x1[l] = static_cast<std::uint32_t>(index >> 32);
    x2[l] = c2;
    x3[l] = c3;
  }
  for (int round = 0; round < 10; ++round) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      const std::uint64_t p0 = static_cast<std::uint64_t>(kMultiplier0) * x0[l];
      const std::uint64_t p1 = static_cast<std::uint64_t>(kMultiplier1) * x2[l];
      x0[l] = static_cast<std::uint32_t>(p1 >> 32) ^ x1[l] ^ k0;
      x2[l] = static_cast<std::uint32_t>(p0 >> 32) ^ x3[l] ^ k1;
      x1[l] = static_cast<std::uint32_t>(p1);
      x3[l] = static_cast<std::uint32_t>(p0);
    }
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  for (std::size_t l = 0; l < kLanes; ++l) {
    out[4 * l] = x0[l];
    out[4 * l + 1] = x1[l];
    out[4 * l + 2] = x2[l];
    out[4 * l + 3] = x3[l];
  }
}

void philox_words(std::uint64_t first_block, std::uint32_t c2, std::uint32_t c3, std::uint32_t k0,
                  std::uint32_t k1, std::uint32_t* out, std::size_t count) {
  constexpr std::size_t kChunk = 4 * kLanes;
  std::size_t done = 0;
  for (; done + kChunk <= count; done += kChunk) {
    philox_lanes(first_block + done / 4, c2, c3, k0, k1, out + done);
  }
  if (done < count) {
    std::uint32_t tail[kChunk];
    philox_lanes(first_block + done / 4, c2, c3, k0, k1, tail);
    std::copy(tail, tail + (count - done), out + done);
  }
}

}  // namespace attune::core::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::core {

HWY_EXPORT(philox_words);

RandomStream::RandomStream(std::uint64_t seed, Purpose purpose, std::uint32_t stream,
                           std::uint32_t step) noexcept
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      purpose_and_stream_((static_cast<std::uint32_t>(purpose) << 24) | (stream & 0xFFFFFFU)),
      step_(step) {}

RandomStream RandomStream::with_stream(std::uint32_t stream) const noexcept {
  RandomStream other = *this;
  other.purpose_and_stream_ = (purpose_and_stream_ & 0xFF000000U) | (stream & 0xFFFFFFU);
  return other;
}

RandomStream RandomStream::at_step(std::uint32_t step) const noexcept {
  RandomStream other = *this;
  other.step_ = step;
  return other;
}

std::uint64_t RandomStream::seed() const noexcept {
  return key_[0] | (static_cast<std::uint64_t>(key_[1]) << 32);
}

std::uint32_t RandomStream::stream() const noexcept {
  return purpose_and_stream_ & 0xFFFFFFU;
}

std::array<std::uint32_t, 4> RandomStream::block(std::uint64_t index) const noexcept {
  const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(index),
                                               static_cast<std::uint32_t>(index >> 32),
                                               purpose_and_stream_, step_}};
  const r123::Philox4x32::key_type key = {{key_[0], key_[1]}};
  const auto words = r123::Philox4x32()(counter, key);
  return {words[0], words[1], words[2], words[3]};
}

void RandomStream::words(std::uint64_t first, std::span<std::uint32_t> out) const noexcept {
  HWY_DYNAMIC_DISPATCH(philox_words)
  (first / 4, purpose_and_stream_, step_, key_[0], key_[1], out.data(), out.size());
}

void RandomStream::lanes(std::uint64_t first, std::span<std::uint16_t> out) const noexcept {
  constexpr std::size_t kChunk = 1024;
  std::array<std::uint32_t, kChunk / 2> drawn;
  const std::uint64_t end = first + out.size();
  for (std::uint64_t lane = first / 8 * 8; lane < end; lane += kChunk) {
    const std::uint64_t count = std::min<std::uint64_t>(kChunk, end - lane);
    words(lane / 2, std::span(drawn).first((count + 1) / 2));
    std::array<std::uint16_t, kChunk> halves;
    for (std::size_t k = 0; k < kChunk / 2; ++k) {
      halves[2 * k] = static_cast<std::uint16_t>(drawn[k]);
      halves[2 * k + 1] = static_cast<std::uint16_t>(drawn[k] >> 16);
    }
    const std::uint64_t skip = first > lane ? first - lane : 0;
    std::copy(halves.begin() + skip, halves.begin() + count, out.begin() + (lane + skip - first));
  }
}

std::uint64_t RandomStream::bits(std::uint64_t index) const noexcept {
  const std::array<std::uint32_t, 4> words = block(index);
  return words[0] | (static_cast<std::uint64_t>(words[1]) << 32);
}

double RandomStream::uniform(std::uint64_t index) const noexcept {
  return static_cast<double>(bits(index) >> 11) * 0x1.0p-53;
}

double RandomStream::normal(std::uint64_t index) const noexcept {
  const std::array<std::uint32_t, 4> words = block(index);
  const std::uint64_t first = words[0] | (static_cast<std::uint64_t>(words[1]) << 32);
  const std::uint64_t second = words[2] | (static_cast<std::uint64_t>(words[3]) << 32);
  // Box-Muller; the first number is kept off zero.
  const double radius =
      std::sqrt(-2 * std::log((static_cast<double>(first >> 11) + 0.5) * 0x1.0p-53));
  return radius * std::cos(2 * std::numbers::pi * static_cast<double>(second >> 11) * 0x1.0p-53);
}

std::uint64_t RandomStream::below(std::uint64_t index, std::uint64_t bound) const noexcept {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(bits(index)) * bound) >> 64);
}

}  // namespace attune::core
#endif  // HWY_ONCE
