#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "parity/align/align_fixture.hpp"
#include <attune/align/gan.hpp>

namespace attune::testing {

TEST_CASE("gan: losses and gradients are the reference's", "[align][parity]") {
  const std::string name =
      GENERATE("gan_small", "gan_masked", "gan_rect", "gan_one", "gan_tiles", "gan_gathead");
  const Tolerance tolerance = GENERATE(kFloat, kDouble);
  CAPTURE(name, tolerance.loss);
  const AlignFixture fixture(name, tolerance.dtype);
  const align::Network discriminator = fixture.highway_network();
  core::Tensor per_head;
  const Variable loss = align::gan(fixture.clouds(), discriminator,
                                   core::RandomStream(0, core::Purpose::alignment), {}, &per_head);
  autograd::backward(loss);

  CHECK(std::abs(loss.value().item() - fixture.loss()) <=
        tolerance.loss * std::abs(fixture.loss()));
  require_close(per_head, fixture.per_head(), tolerance.loss, "terms");
  fixture.require_cloud_gradients(tolerance.gradient);
  fixture.require_parameter_gradients(align::named_parameters(discriminator, true),
                                      tolerance.gradient);
}

}  // namespace attune::testing
