#include <cmath>

#include <catch2/catch.hpp>

#include "any_distance.hpp"
#include "support/dense_alignment.hpp"
#include "support/tensors.hpp"
#include <attune/align/gan.hpp>
#include <attune/core/error.hpp>

namespace attune::testing {

using core::Tensor;

namespace {

const core::RandomStream kRandom(3, core::Purpose::alignment);

}  // namespace

TEST_CASE("gan: two points worked out by the definition", "[align]") {
  const Variable q = random_leaf({1, 1, 3}, 1);
  const Variable k = random_leaf({2, 1, 3}, 2);
  const align::Network net =
      align::make_discriminator({.channels = 3, .hidden = 4}, kRandom, core::DType::f64);
  const auto logit = [&](const Variable& x, std::size_t row) {
    const std::vector<double> all = values(x.value());
    return dense_network(net, std::span(all).subspan(3 * row, 3)).front();
  };
  const auto log_sigmoid = [](double z) { return -std::log1p(std::exp(-z)); };
  const double expected =
      log_sigmoid(logit(q, 0)) + (log_sigmoid(-logit(k, 0)) + log_sigmoid(-logit(k, 1))) / 2;
  const Variable loss = align::gan({.queries = q, .keys = k}, net, kRandom);
  CHECK(loss.value().item() == Approx(expected).epsilon(1e-13));
}

TEST_CASE("gan: a discriminator that cannot tell yields -2 log 2 a head and no pull", "[align]") {
  const Variable q = random_leaf({70, 3, 4}, 1);
  const Variable k = random_leaf({50, 3, 4}, 2);
  align::Network net = align::make_discriminator({.channels = 4}, kRandom, core::DType::f64);
  net.fc2_w.set_value(Tensor::zeros(net.fc2_w.shape(), core::DType::f64));
  Tensor per_head;
  const Variable loss = align::gan({.queries = q, .keys = k}, net, kRandom, {}, &per_head);
  for (const double term : values(per_head)) {
    CHECK(term == Approx(-2 * std::log(2.0)).epsilon(1e-14));
  }
  CHECK(loss.value().item() == Approx(-6 * std::log(2.0)).epsilon(1e-14));
  autograd::backward(loss);
  for (const Variable& side : {q, k}) {
    CHECK(max_difference(side.grad(), Tensor::zeros(side.shape(), core::DType::f64)) == 0);
  }
}

TEST_CASE("gan: logits of any size give a finite loss", "[align]") {
  const auto dtype = GENERATE(core::DType::f32, core::DType::f64);
  const Variable q = random_leaf({5, 1, 2}, 1, dtype);
  const Variable k = random_leaf({5, 1, 2}, 2, dtype);
  align::Network net = align::make_discriminator({.channels = 2}, kRandom, dtype);
  net.fc2_b.set_value(Tensor::full({1}, 1e4, dtype));
  const Variable loss = align::gan({.queries = q, .keys = k}, net, kRandom);
  // Every key is taken for a query with logit 1e4.
  CHECK(loss.value().item() == Approx(-1e4).epsilon(1e-3));
  autograd::backward(loss);
  CHECK(std::isfinite(values(k.grad()).front()));
}

TEST_CASE("gan: bounded, the points of a head stay where the discriminator is worse than none",
          "[align]") {
  // Of head 0 every key is taken for a query and every query for a key, of head 1 neither.
  const Variable q(Tensor::full({6, 2, 1}, 1.0, core::DType::f64), true);
  const Variable k(Tensor::full({6, 2, 1}, 1.0, core::DType::f64), true);
  for (std::int64_t i = 0; i < 6; ++i) {
    Variable(q).mutable_value().mutable_data<double>()[2 * i] = -1;
    Variable(k).mutable_value().mutable_data<double>()[2 * i + 1] = -1;
  }
  align::Network net =
      align::make_discriminator({.channels = 1, .hidden = 1}, kRandom, core::DType::f64);
  for (Variable* weight : {&net.gate_w, &net.trans_w}) {
    weight->set_value(Tensor::zeros({1, 1}, core::DType::f64));
  }
  net.fc1_w.set_value(Tensor::full({1, 1}, 4.0, core::DType::f64));
  net.fc2_w.set_value(Tensor::full({1, 1}, 4.0, core::DType::f64));
  net.fc1_b.set_value(Tensor::full({1}, 4.0, core::DType::f64));
  net.fc2_b.set_value(Tensor::full({1}, -16.0, core::DType::f64));
  Tensor per_head;
  autograd::backward(
      align::gan({.queries = q, .keys = k}, net, kRandom, {.bounded = true}, &per_head));
  CHECK(values(per_head)[0] < -2 * std::log(2.0));
  CHECK(values(per_head)[1] > -2 * std::log(2.0));
  for (const Variable& side : {q, k}) {
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(values(side.grad())[2 * i] == 0);
      CHECK(values(side.grad())[2 * i + 1] != 0);
    }
  }
  const Tensor bounded = net.fc1_w.grad().clone();
  CHECK(values(bounded).front() != 0);  // the discriminator learns from both heads
  net.fc1_w.zero_grad();
  autograd::backward(align::gan({.queries = q, .keys = k}, net, kRandom));
  CHECK(same_bits(net.fc1_w.grad(), bounded));
}

TEST_CASE("gan: detached queries get no gradient, keys the same as before", "[align]") {
  const align::Network net = align::make_discriminator({.channels = 4}, kRandom);
  Tensor grads[2];
  for (const bool detach : {false, true}) {
    const Variable q = random_leaf({9, 2, 4}, 1, core::DType::f32);
    const Variable k = random_leaf({9, 2, 4}, 2, core::DType::f32);
    autograd::backward(
        align::gan({.queries = q, .keys = k}, net, kRandom, {.detach_query = detach}));
    CHECK(q.grad().defined() != detach);
    grads[detach ? 1 : 0] = k.grad();
  }
  CHECK(same_bits(grads[0], grads[1]));
}

TEST_CASE("gan: dropout follows the stream and is off at rate 0", "[align]") {
  const Variable q = random_leaf({40, 2, 4}, 1);
  const Variable k = random_leaf({40, 2, 4}, 2);
  const auto loss = [&](double dropout, std::uint32_t step) {
    const align::Network net =
        align::make_discriminator({.channels = 4, .dropout = dropout}, kRandom, core::DType::f64);
    return align::gan({.queries = q, .keys = k}, net, kRandom.at_step(step)).value().item();
  };
  CHECK(loss(0.5, 1) == loss(0.5, 1));
  CHECK(loss(0.5, 1) != loss(0.5, 2));
  CHECK(loss(0.5, 1) != loss(0, 1));
  CHECK(loss(0, 1) == loss(0, 2));
}

TEST_CASE("gan: gradients with dropout", "[align][gradient]") {
  const Variable q = random_leaf({3, 2, 3}, 1);
  const Variable k = random_leaf({4, 2, 3}, 2);
  const align::Network net = align::make_discriminator({.channels = 3, .hidden = 4, .dropout = 0.4},
                                                       kRandom, core::DType::f64);
  fill_biases(net, 0.1);
  std::vector<autograd::NamedInput> inputs{{"queries", q}, {"keys", k}};
  for (const align::Parameter& parameter : align::named_parameters(net, true)) {
    inputs.push_back({parameter.name, parameter.variable});
  }
  require_gradients(
      [&] { return align::gan({.queries = q, .keys = k}, net, kRandom, {.reversal = -1}); },
      inputs);
}

TEST_CASE("gan: refuses a network of other sizes", "[align]") {
  const Variable x = random_leaf({5, 2, 4}, 1, core::DType::f32);
  const align::Clouds clouds{.queries = x, .keys = x};
  CHECK(message_of<ShapeError>([&] {
          (void)align::gan(clouds, align::make_discriminator({.channels = 3}, kRandom), kRandom);
        }) == "align::gan: the network must read points of 4 channels, got one for 3");
  CHECK(message_of<ShapeError>([&] {
          (void)align::gan(clouds, align::make_critic({.channels = 4}, kRandom), kRandom);
        }) == "align::gan: the discriminator must yield one number, got 16");
  CHECK(message_of<ShapeError>([&] {
          (void)align::gan(clouds,
                           align::make_discriminator({.channels = 4}, kRandom, core::DType::f64),
                           kRandom);
        }) == "align::gan: gate_w must be float32 as the points are, got float64");
}

}  // namespace attune::testing
