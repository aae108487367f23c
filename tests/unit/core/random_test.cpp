#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include <attune/core/random.hpp>

using attune::core::Purpose;
using attune::core::RandomStream;

namespace {

using Block = std::array<std::uint32_t, 4>;

const RandomStream kStream(0x123456789ABCDEFULL, Purpose::dropout, 77, 5);

}  // namespace

// Known answers published with Random123 (kat_vectors, philox4x32 10). The counter is {index low,
// index high, purpose and stream, step}, the key the seed.
TEST_CASE("RandomStream: Philox4x32-10's known answers", "[core]") {
  CHECK(RandomStream(0, static_cast<Purpose>(0), 0, 0).block(0) ==
        Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(RandomStream(~0ULL, static_cast<Purpose>(0xff), 0xffffff, 0xffffffff).block(~0ULL) ==
        Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(RandomStream(0x299f31d0a4093822ULL, static_cast<Purpose>(0x13), 0x198a2e, 0x03707344)
            .block(0x85a308d3243f6a88ULL) == Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("RandomStream: words are the blocks one after another, from any block on", "[core]") {
  for (const std::uint64_t first :
       {std::uint64_t{0}, std::uint64_t{4}, std::uint64_t{1} << 20, (std::uint64_t{1} << 34) - 8}) {
    for (std::size_t count = 0; count < 300; count = count < 20 ? count + 1 : count * 2 + 1) {
      std::vector<std::uint32_t> words(count + 1, 0xDEADBEEF);
      kStream.words(first, std::span(words).first(count));
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t at = first + i;
        REQUIRE(words[i] == kStream.block(at / 4)[at % 4]);
      }
      REQUIRE(words[count] == 0xDEADBEEF);
    }
  }
}

TEST_CASE("RandomStream: lanes are the halves of the words, low first, from any lane on",
          "[core]") {
  for (const std::uint64_t first : {0, 1, 2, 7, 8, 9, 255, 1000, 4097}) {
    for (const std::size_t count : {0, 1, 2, 5, 8, 63, 64, 65, 1000, 5000}) {
      std::vector<std::uint16_t> lanes(count + 1, 0xBEEF);
      kStream.lanes(first, std::span(lanes).first(count));
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t at = first + i;
        const std::uint32_t word = kStream.block(at / 8)[at / 2 % 4];
        REQUIRE(lanes[i] == (at % 2 == 0 ? word & 0xFFFF : word >> 16));
      }
      REQUIRE(lanes[count] == 0xBEEF);
    }
  }
}

TEST_CASE("RandomStream: purposes, streams, steps and seeds never meet", "[core]") {
  std::set<Block> blocks;
  for (const std::uint64_t seed : {0, 1}) {
    for (const Purpose purpose : {Purpose::initialization, Purpose::dropout, Purpose::alignment}) {
      for (const std::uint32_t stream : {0, 1, 2}) {
        for (const std::uint32_t step : {0, 1, 2}) {
          blocks.insert(RandomStream(seed, purpose, stream, step).block(0));
          blocks.insert(RandomStream(seed, purpose, stream, step).block(1));
        }
      }
    }
  }
  CHECK(blocks.size() == 2 * 3 * 3 * 3 * 2);
}

TEST_CASE("RandomStream: remembers what it was made of", "[core]") {
  CHECK(kStream.seed() == 0x123456789ABCDEFULL);
  CHECK(kStream.stream() == 77);
  CHECK(kStream.step() == 5);
  CHECK(kStream.with_stream(9).at_step(8).block(3) ==
        RandomStream(0x123456789ABCDEFULL, Purpose::dropout, 9, 8).block(3));
}

TEST_CASE("RandomStream: uniform numbers are even between 0 and 1", "[core]") {
  constexpr std::uint64_t kDraws = 100000;
  std::array<int, 10> tenths{};
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const double u = kStream.uniform(i);
    REQUIRE((u >= 0 && u < 1));
    ++tenths[static_cast<std::size_t>(u * 10)];
  }
  for (const int count : tenths) {
    CHECK(std::abs(count - 10000) < 5 * 95);  // five standard deviations of a binomial
  }
}

TEST_CASE("RandomStream: normal numbers have the moments of a normal distribution", "[core]") {
  constexpr std::uint64_t kDraws = 200000;
  double sum = 0;
  double squares = 0;
  double fourths = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const double x = kStream.normal(i);
    REQUIRE(std::isfinite(x));
    sum += x;
    squares += x * x;
    fourths += x * x * x * x;
  }
  const double n = kDraws;
  // Five standard errors: of x 1, of x^2 sqrt 2, of x^4 sqrt 96.
  CHECK(std::abs(sum / n) < 5 / std::sqrt(n));
  CHECK(std::abs(squares / n - 1) < 5 * std::sqrt(2 / n));
  CHECK(std::abs(fourths / n - 3) < 5 * std::sqrt(96 / n));
}

TEST_CASE("RandomStream: below() stays below and reaches every number", "[core]") {
  std::array<int, 7> counts{};
  for (std::uint64_t i = 0; i < 70000; ++i) {
    const std::uint64_t x = kStream.below(i, 7);
    REQUIRE(x < 7);
    ++counts[x];
  }
  for (const int count : counts) {
    CHECK(std::abs(count - 10000) < 5 * 93);
  }
  CHECK(kStream.below(0, 1) == 0);
  CHECK(kStream.below(3, ~0ULL) < ~0ULL);
}
