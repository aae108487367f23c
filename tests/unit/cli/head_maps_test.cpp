#include "cli/report/head_maps.hpp"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

using attune::cli::map_nodes;
using attune::cli::map_perplexity;

TEST_CASE("head maps: a sample is ascending, without repetition, and a function of its seed",
          "[cli][report]") {
  const std::vector<std::int64_t> nodes = map_nodes(1000, {.nodes = 100, .seed = 3});
  REQUIRE(nodes.size() == 100);
  CHECK(std::ranges::is_sorted(nodes));
  CHECK(std::set<std::int64_t>(nodes.begin(), nodes.end()).size() == 100);
  CHECK(nodes.front() >= 0);
  CHECK(nodes.back() < 1000);
  CHECK(nodes == map_nodes(1000, {.nodes = 100, .seed = 3}));
  CHECK(nodes != map_nodes(1000, {.nodes = 100, .seed = 4}));
}

TEST_CASE("head maps: every node is as likely as the others", "[cli][report]") {
  std::vector<int> drawn(20);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    for (const std::int64_t node : map_nodes(20, {.nodes = 5, .seed = seed})) {
      ++drawn[static_cast<std::size_t>(node)];
    }
  }
  // 500 each on average, with a deviation of 19.
  CHECK(*std::ranges::min_element(drawn) > 400);
  CHECK(*std::ranges::max_element(drawn) < 600);
}

TEST_CASE("head maps: few nodes are all taken, under a perplexity that fits", "[cli][report]") {
  CHECK(map_nodes(3, {.nodes = 300}) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(map_perplexity(300, {.perplexity = 30}) == 30);
  CHECK(map_perplexity(8, {.perplexity = 30}) == 5);
  CHECK(map_perplexity(1, {.perplexity = 30}) == 1);
}
