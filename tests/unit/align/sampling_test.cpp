#include <algorithm>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/align/mmd.hpp>
#include <attune/align/sampling.hpp>
#include <attune/core/error.hpp>

namespace attune::testing {

namespace {

const core::RandomStream kRandom(7, core::Purpose::alignment);

std::vector<std::uint8_t> mask_of(std::span<const std::uint8_t> mask) {
  return {mask.begin(), mask.end()};
}

std::int64_t count(std::span<const std::uint8_t> mask) {
  return std::accumulate(mask.begin(), mask.end(), std::int64_t{0});
}

}  // namespace

TEST_CASE("sampling: the same distinct positions for queries and keys", "[align]") {
  const Variable x = random_leaf({100, 1, 1}, 1);
  const align::SampledClouds sampled({.queries = x, .keys = x}, 30, kRandom);
  CHECK(sampled.clouds().query_mask.size() == 100);
  CHECK(count(sampled.clouds().query_mask) == 30);
  CHECK(mask_of(sampled.clouds().query_mask) == mask_of(sampled.clouds().key_mask));
}

TEST_CASE("sampling: draws of their own where the sides have other positions", "[align]") {
  const Variable q = random_leaf({100, 1, 1}, 1);
  const Variable k = random_leaf({80, 1, 1}, 2);
  const align::SampledClouds sampled({.queries = q, .keys = k}, 30, kRandom);
  CHECK(count(sampled.clouds().query_mask) == 30);
  CHECK(count(sampled.clouds().key_mask) == 30);
  const std::vector<std::uint8_t> queries = mask_of(sampled.clouds().query_mask);
  const std::vector<std::uint8_t> keys = mask_of(sampled.clouds().key_mask);
  CHECK_FALSE(std::equal(keys.begin(), keys.end(), queries.begin()));
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
  const std::vector<std::uint8_t> drawn = mask_of(sampled.clouds().query_mask);
  CHECK(count(std::span(drawn).subspan(0, 4)) == 4);
  CHECK(count(std::span(drawn).subspan(4, 20)) == 5);
  CHECK(count(std::span(drawn).subspan(24, 6)) == 5);
  CHECK(drawn[5] == 0);
  CHECK(drawn[6] == 0);
}

TEST_CASE("sampling: nothing changes where there is nothing to thin out", "[align]") {
  const Variable x = random_leaf({20, 1, 1}, 1);
  for (const std::int64_t samples : {0, 20, 100}) {
    const align::SampledClouds sampled({.queries = x, .keys = x}, samples, kRandom);
    CHECK(sampled.clouds().query_mask.empty());
  }
}

TEST_CASE("sampling: a function of the stream, fresh at every step and layer", "[align]") {
  const Variable x = random_leaf({500, 1, 1}, 1);
  const auto drawn = [&](const core::RandomStream& random) {
    return mask_of(align::SampledClouds({.queries = x, .keys = x}, 50, random).clouds().query_mask);
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
    for (std::size_t i = 0; i < hits.size(); ++i) {
      hits[i] += sampled.clouds().query_mask[i];
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
  for (std::size_t i = 0; i < 40; ++i) {
    for (std::size_t c = 0; c < 6; ++c) {
      CHECK((grad[i * 6 + c] != 0) == (sampled.clouds().query_mask[i] != 0));
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
