#include <string>

#include <catch2/catch.hpp>

#include "any_distance.hpp"
#include "support/tensors.hpp"
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>

namespace attune::testing {

namespace {

// Largest extra memory of a forward and a backward pass, gradients included, on one thread: with
// more, the scratch of the tasks that happen to run at once would be in it.
std::int64_t peak_bytes(const std::string& name, std::int64_t positions, std::int64_t heads) {
  const core::RandomStream random(41, core::Purpose::alignment);
  const align::Network critic = align::make_critic({.channels = 8}, random);
  const align::Network navigator = align::make_navigator({.channels = 8}, random.with_stream(4));
  const align::Network discriminator = align::make_discriminator({.channels = 8}, random);
  const align::Clouds clouds{.queries = random_leaf({positions, heads, 8}, 1, core::DType::f32),
                             .keys = random_leaf({positions, heads, 8}, 2, core::DType::f32)};
  core::reset_pool_peak();
  const std::int64_t before = core::pool_statistics().bytes_in_use;
  core::with_threads(1, [&] {
    autograd::backward(name == "gan"  ? align::gan(clouds, discriminator, random)
                       : name == "ct" ? align::ct(clouds, critic, navigator, random)
                       : name == "ot" ? align::ot(clouds, {.eps = 1, .ot_iterations = 1})
                                      : align::mmd(clouds));
  });
  return core::pool_statistics().peak_bytes_in_use - before;
}

}  // namespace

TEST_CASE("distances: memory grows no faster than the number of positions", "[align][property]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  CAPTURE(name);
  const std::int64_t small = peak_bytes(name, 3000, 2);
  const std::int64_t large = peak_bytes(name, 6000, 2);
  CAPTURE(small, large);
  CHECK(10 * large < 21 * small);
  // A single [w, w] array of one head would be 144 MB.
  CHECK(large < 60 << 20);
}

TEST_CASE("distances: all pairs of 20,000 positions and 8 heads stay below 100 MB",
          "[align][property][.slow]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  CAPTURE(name);
  const std::int64_t peak = peak_bytes(name, 19717, 8);
  CAPTURE(peak);
  CHECK(peak < 100'000'000);
}

}  // namespace attune::testing
