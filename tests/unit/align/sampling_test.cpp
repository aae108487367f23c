#include <algorithm>
#include <functional>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/align/mmd.hpp>
#include <attune/align/sampling.hpp>
#include <attune/core/error.hpp>

namespace attune::testing {

namespace {

const core::RandomStream kRandom(7, core::Purpose::alignment);

using Positions = std::vector<std::int32_t>;

Positions list(std::span<const std::int32_t> positions) {
  return {positions.begin(), positions.end()};
}

// Those in [begin, end).
std::int64_t count(const Positions& positions, int begin, int end) {
  return std::ranges::count_if(positions, [=](int i) { return i >= begin && i < end; });
}

bool contains(const Positions& positions, std::int32_t position) {
  return std::ranges::find(positions, position) != positions.end();
}

}  // namespace

TEST_CASE("sampling: the same distinct positions for queries and keys, ascending", "[align]") {
  const Variable x = random_leaf({100, 1, 1}, 1);
  const align::SampledClouds sampled({.queries = x, .keys = x}, 30, kRandom);
  const Positions drawn = list(sampled.clouds().query_positions);
  CHECK(count(drawn, 0, 100) == 30);
  CHECK(drawn.size() == 30);
  CHECK(std::ranges::adjacent_find(drawn, std::greater_equal<>()) == drawn.end());
  CHECK(drawn == list(sampled.clouds().key_positions));
}

TEST_CASE("sampling: draws of their own where the sides have other positions", "[align]") {
  const Variable q = random_leaf({100, 1, 1}, 1);
  const Variable k = random_leaf({80, 1, 1}, 2);
  const align::SampledClouds sampled({.queries = q, .keys = k}, 30, kRandom);
  CHECK(sampled.clouds().query_positions.size() == 30);
  CHECK(sampled.clouds().key_positions.size() == 30);
  CHECK(list(sampled.clouds().query_positions) != list(sampled.clouds().key_positions));
  CHECK(sampled.clouds().key_positions.back() < 80);
}

TEST_CASE("sampling: every sample of a batch is thinned out, padding never drawn", "[align]") {
  const Variable x = random_leaf({30, 2, 1}, 1);
  const std::vector<std::int64_t> segments{0, 4, 24, 24, 30};
  std::vector<std::uint8_t> mask(30, 1);
  mask[5] = 0;
  mask[6] = 0;
  const align::SampledClouds sampled({.queries = x,
                                      .keys = x,
                                      .query_mask = mask,
                                      .key_mask = mask,
                                      .query_segments = segments,
                                      .key_segments = segments},
                                     5, kRandom);
  const Positions drawn = list(sampled.clouds().query_positions);
  CHECK(count(drawn, 0, 4) == 4);
  CHECK(count(drawn, 4, 24) == 5);
  CHECK(count(drawn, 24, 30) == 5);
  CHECK(drawn == list(sampled.clouds().key_positions));
  CHECK_FALSE(contains(drawn, 5));
  CHECK_FALSE(contains(drawn, 6));
  CHECK(sampled.clouds().query_mask.empty());
}

TEST_CASE("sampling: listed positions are thinned out as masked ones are", "[align]") {
  const Variable x = random_leaf({60, 1, 1}, 1);
  std::vector<std::uint8_t> mask(60, 0);
  Positions positions;
  for (std::int32_t i = 0; i < 60; i += 3) {
    mask[i] = 1;
    positions.push_back(i);
  }
  const align::SampledClouds masked({.queries = x, .keys = x, .query_mask = mask, .key_mask = mask},
                                    7, kRandom);
  const align::SampledClouds listed(
      {.queries = x, .keys = x, .query_positions = positions, .key_positions = positions}, 7,
      kRandom);
  CHECK(list(listed.clouds().query_positions).size() == 7);
  CHECK(list(listed.clouds().query_positions) == list(masked.clouds().query_positions));
}

TEST_CASE("sampling: nothing changes where there is nothing to thin out", "[align]") {
  const Variable x = random_leaf({20, 1, 1}, 1);
  for (const std::int64_t samples : {0, 20, 100}) {
    const align::SampledClouds sampled({.queries = x, .keys = x}, samples, kRandom);
    CHECK(sampled.clouds().query_positions.empty());
  }
}

TEST_CASE("sampling: a function of the stream, fresh at every step and layer", "[align]") {
  const Variable x = random_leaf({500, 1, 1}, 1);
  const auto drawn = [&](const core::RandomStream& random) {
    return list(
        align::SampledClouds({.queries = x, .keys = x}, 50, random).clouds().query_positions);
  };
  CHECK(drawn(kRandom.at_step(3)) == drawn(kRandom.at_step(3)));
  CHECK(drawn(kRandom.at_step(3)) != drawn(kRandom.at_step(4)));
  CHECK(drawn(kRandom.with_stream(1)) != drawn(kRandom.with_stream(2)));
}

TEST_CASE("sampling: uniform over positions", "[align]") {
  const Variable x = random_leaf({20, 1, 1}, 1);
  std::vector<int> hits(20);
  constexpr int kSteps = 4000;
  for (std::uint32_t step = 0; step < kSteps; ++step) {
    const align::SampledClouds sampled({.queries = x, .keys = x}, 5, kRandom.at_step(step));
    for (const std::int32_t i : sampled.clouds().query_positions) {
      ++hits[i];
    }
  }
  for (const int times : hits) {
    // A quarter of the steps; five standard deviations are 137.
    CHECK(std::abs(times - kSteps / 4) < 137);
  }
}

TEST_CASE("sampling: gradients of positions that were not drawn are zero", "[align]") {
  const Variable q = random_leaf({40, 2, 3}, 1);
  const Variable k = random_leaf({40, 2, 3}, 2);
  const align::SampledClouds sampled({.queries = q, .keys = k}, 10, kRandom);
  autograd::backward(align::mmd(sampled.clouds()));
  const std::vector<double> grad = values(q.grad());
  const Positions drawn = list(sampled.clouds().query_positions);
  for (std::int32_t i = 0; i < 40; ++i) {
    for (std::int32_t c = 0; c < 6; ++c) {
      CHECK((grad[i * 6 + c] != 0) == contains(drawn, i));
    }
  }
}

TEST_CASE("sampling: refuses a negative number", "[align]") {
  const Variable x = random_leaf({20, 1, 1}, 1);
  CHECK(message_of<InvalidArgument>([&] {
          const align::SampledClouds sampled({.queries = x, .keys = x}, -1, kRandom);
        }) == "align: samples must be at least 0, got -1");
}

}  // namespace attune::testing
