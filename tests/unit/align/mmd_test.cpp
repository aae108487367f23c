#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/align/mmd.hpp>

namespace attune::testing {

TEST_CASE("mmd: is zero between a cloud and itself", "[align]") {
  const Variable x = random_leaf({150, 3, 5}, 1, core::DType::f32);
  const Variable loss = align::mmd({.queries = x, .keys = x});
  CHECK(loss.value().item() < 1e-6);
}

TEST_CASE("mmd: gradients", "[align][gradient]") {
  const Variable q = random_leaf({7, 2, 3}, 1);
  const Variable k = random_leaf({70, 2, 3}, 2);
  require_gradients([&] { return align::mmd({.queries = q, .keys = k}, {.sigma = 0.7}); },
                    {{"queries", q}, {"keys", k}});
}

}  // namespace attune::testing
