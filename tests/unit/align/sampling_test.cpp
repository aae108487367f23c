#include <numeric>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/align/sampling.hpp>

namespace attune::testing {

TEST_CASE("sampling: draws the same distinct positions for queries and keys", "[align]") {
  const Variable x = random_leaf({100, 1, 1}, 1);
  const core::RandomStream random(7, core::Purpose::alignment);
  const align::SampledClouds sampled({.queries = x, .keys = x}, 30, random);
  const align::Clouds& clouds = sampled.clouds();
  REQUIRE(clouds.query_mask.size() == 100);
  CHECK(std::accumulate(clouds.query_mask.begin(), clouds.query_mask.end(), 0) == 30);
  CHECK(std::equal(clouds.query_mask.begin(), clouds.query_mask.end(), clouds.key_mask.begin()));
}

}  // namespace attune::testing
