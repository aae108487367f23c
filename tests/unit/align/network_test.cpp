#include <cmath>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/align/network.hpp>
#include <attune/core/error.hpp>

namespace attune::testing {

namespace {

const core::RandomStream kRandom(9, core::Purpose::alignment);

std::int64_t count(const align::Network& network) {
  std::int64_t sum = 0;
  for (const align::Parameter& parameter : align::named_parameters(network, true)) {
    sum += parameter.variable.shape().num_elements();
  }
  return sum;
}

}  // namespace

TEST_CASE("networks: have the parameters of the specification", "[align]") {
  const std::int64_t d = GENERATE(1, 8, 64);
  const std::int64_t r = GENERATE(1, 16);
  const align::NetworkOptions options{.channels = d, .hidden = r};
  CHECK(count(align::make_discriminator(options, kRandom)) ==
        2 * d * d + 2 * d + r * d + 2 * r + 1);
  CHECK(count(align::make_critic(options, kRandom)) +
            count(align::make_navigator(options, kRandom)) ==
        2 * d * d + 2 * d + 2 * (r * d + r) + 2 * (r * r + r));
}

TEST_CASE("networks: are named as in files, and all players of a network play one way", "[align]") {
  const auto names = [](const align::ParameterList& parameters) {
    std::string all;
    for (const align::Parameter& parameter : parameters) {
      all += parameter.name + (parameter.ascends ? "+ " : " ");
    }
    return all;
  };
  const align::NetworkOptions options{.channels = 3};
  CHECK(names(align::named_parameters(align::make_critic(options, kRandom), true)) ==
        "gate_w+ gate_b+ trans_w+ trans_b+ fc1_w+ fc1_b+ fc2_w+ fc2_b+ ");
  CHECK(names(align::named_parameters(align::make_navigator(options, kRandom), false)) ==
        "nav1_w nav1_b nav2_w nav2_b ");
  const align::NetworkOptions tied{.channels = 3, .tie_highway = true};
  CHECK(names(align::named_parameters(align::make_discriminator(tied, kRandom), false)) ==
        "gate_w gate_b fc1_w fc1_b fc2_w fc2_b ");
}

TEST_CASE("networks: Glorot weights stay within their bound and fill it, biases are zero",
          "[align]") {
  const align::Network net = align::make_critic({.channels = 40, .hidden = 30}, kRandom);
  const double bound = std::sqrt(6.0 / 70);
  double largest = 0;
  double mean = 0;
  for (const double w : values(net.fc1_w.value())) {
    largest = std::max(largest, std::abs(w));
    mean += w / 1200;
  }
  CHECK(largest <= bound);
  CHECK(largest > 0.98 * bound);
  CHECK(std::abs(mean) < 0.03);
  for (const double b : values(net.gate_b.value())) {
    CHECK(b == 0);
  }
}

TEST_CASE("networks: normal weights have a standard deviation of 0.02", "[align]") {
  const align::Network net = align::make_critic(
      {.channels = 40, .hidden = 30, .init = align::Initialization::normal002}, kRandom);
  double square = 0;
  for (const double w : values(net.fc1_w.value())) {
    square += w * w / 1200;
  }
  CHECK(std::sqrt(square) == Approx(0.02).epsilon(0.06));
}

TEST_CASE("networks: a function of the stream, each matrix from its own", "[align]") {
  const align::NetworkOptions options{.channels = 4, .hidden = 4};
  const align::Network a = align::make_critic(options, kRandom);
  const align::Network b = align::make_critic(options, kRandom);
  const align::Network c = align::make_critic(options, kRandom.with_stream(16));
  CHECK(same_bits(a.fc1_w.value(), b.fc1_w.value()));
  CHECK_FALSE(same_bits(a.fc1_w.value(), c.fc1_w.value()));
  CHECK_FALSE(same_bits(a.gate_w.value(), a.trans_w.value()));
}

TEST_CASE("networks: refuse sizes and rates out of range", "[align]") {
  CHECK(message_of<InvalidArgument>([&] { (void)align::make_critic({}, kRandom); }) ==
        "align: channels must be at least 1, got 0");
  CHECK(message_of<InvalidArgument>([&] {
          (void)align::make_critic({.channels = 2, .hidden = 0}, kRandom);
        }) == "align: hidden must be at least 1, got 0");
  CHECK(message_of<InvalidArgument>([&] {
          (void)align::make_critic({.channels = 2, .dropout = 1}, kRandom);
        }) == "align: dropout must be in [0, 1), got 1");
}

}  // namespace attune::testing
