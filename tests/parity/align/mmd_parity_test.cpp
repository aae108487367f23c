#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "parity/align/align_fixture.hpp"
#include <attune/align/mmd.hpp>

namespace attune::testing {

TEST_CASE("mmd: losses and gradients are the reference's", "[align][parity]") {
  const std::string name = GENERATE("mmd_small", "mmd_masked", "mmd_rect", "mmd_one", "mmd_tiles",
                                    "mmd_gathead", "mmd_sigma");
  const Tolerance tolerance = GENERATE(kFloat, kDouble);
  CAPTURE(name, tolerance.loss);
  const AlignFixture fixture(name, tolerance.dtype);
  core::Tensor per_head;
  const Variable loss =
      align::mmd(fixture.clouds(), {.sigma = name == "mmd_sigma" ? 0.5 : 1.0}, &per_head);
  autograd::backward(loss);

  CHECK(std::abs(loss.value().item() - fixture.loss()) <= tolerance.loss * fixture.loss());
  require_close(per_head, fixture.per_head(), tolerance.loss, "terms");
  fixture.require_cloud_gradients(tolerance.gradient);
}

}  // namespace attune::testing
