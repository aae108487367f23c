#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "allocated_bytes.hpp"
#include <attune/core/parallel.hpp>
#include <attune/graph/neighbor_sampler.hpp>

namespace {

using attune::graph::Graph;

// Node i hears itself and those beside it.
Graph path_graph(std::int64_t num_nodes) {
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int32_t> col_idx;
  for (std::int64_t node = 0; node < num_nodes; ++node) {
    const std::int64_t first = std::max<std::int64_t>(node - 1, 0);
    for (std::int64_t src = first; src <= std::min(node + 1, num_nodes - 1); ++src) {
      col_idx.push_back(static_cast<std::int32_t>(src));
    }
    row_ptr.push_back(std::ssize(col_idx));
  }
  return {std::move(row_ptr), std::move(col_idx)};
}

std::int64_t bytes_of_sample(std::int64_t num_nodes) {
  const attune::graph::NeighborSampler sampler(path_graph(num_nodes), {2, 1});
  const std::vector<std::int64_t> targets{num_nodes / 2, 5, num_nodes / 3};
  const attune::core::RandomStream random(1, attune::core::Purpose::sampling);
  return attune::testing::allocated_bytes([&] { (void)sampler.sample(targets, random); });
}

}  // namespace

TEST_CASE("NeighborSampler: what a sample takes does not grow with the graph", "[graph]") {
  attune::core::with_threads(1, [] {
    const std::int64_t small = bytes_of_sample(1000);
    CHECK(small > 0);
    CHECK(bytes_of_sample(500000) == small);
  });
}
