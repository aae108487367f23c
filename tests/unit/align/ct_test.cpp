#include <cmath>

#include <catch2/catch.hpp>

#include "any_distance.hpp"
#include "support/dense_alignment.hpp"
#include "support/tensors.hpp"
#include <attune/align/ct.hpp>
#include <attune/core/error.hpp>

namespace attune::testing {

using core::Tensor;

namespace {

const core::RandomStream kRandom(5, core::Purpose::alignment);

struct Networks {
  align::Network critic;
  align::Network navigator;

  [[nodiscard]] std::vector<autograd::NamedInput> inputs() const {
    std::vector<autograd::NamedInput> all;
    for (const align::Network* network : {&critic, &navigator}) {
      for (const align::Parameter& parameter : align::named_parameters(*network, false)) {
        all.push_back({parameter.name, parameter.variable});
      }
    }
    return all;
  }
};

// Navigator vectors grow with `reach`: from about 6 on, logits leave the range in which one
// exponential serves rows and columns.
Networks networks(std::int64_t channels, core::DType dtype, double reach = 1,
                  align::NetworkOptions options = {}) {
  options.channels = channels;
  Networks made{align::make_critic(options, kRandom, dtype),
                align::make_navigator(options, kRandom.with_stream(4), dtype)};
  Tensor w = made.navigator.fc2_w.value().to(core::DType::f64).clone();
  for (double& value : w.mutable_data<double>()) {
    value *= reach;
  }
  made.navigator.fc2_w.set_value(w.to(dtype));
  return made;
}

DenseMatrix<double> head_of(const Variable& points, std::int64_t head) {
  const core::Shape& shape = points.shape();
  DenseMatrix<double> rows(shape[0], shape[2]);
  const std::vector<double> all = values(points.value());
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    for (std::int64_t c = 0; c < shape[2]; ++c) {
      rows.row(i)[c] = all[(i * shape[1] + head) * shape[2] + c];
    }
  }
  return rows;
}

Tensor first_rows(const Tensor& points, std::int64_t count) {
  std::vector<double> all = values(points);
  const core::Shape& shape = points.shape();
  all.resize(static_cast<std::size_t>(count * shape[1] * shape[2]));
  return Tensor::from(all, {count, shape[1], shape[2]});
}

}  // namespace

TEST_CASE("ct: streamed tiles agree with the dense definition", "[align]") {
  const auto dtype = GENERATE(core::DType::f32, core::DType::f64);
  const double reach = GENERATE(1.0, 8.0, 60.0);
  CAPTURE(core::to_string(dtype), reach);
  const Variable q = random_leaf({300, 2, 6}, 1, dtype);
  const Variable k = random_leaf({211, 2, 6}, 2, dtype);
  const Networks nets = networks(6, dtype, reach);
  Tensor per_head;
  (void)align::ct({.queries = q, .keys = k}, nets.critic, nets.navigator, kRandom, {}, &per_head);
  for (std::int64_t h = 0; h < 2; ++h) {
    const DenseCt<double> expected =
        dense_ct(dense_embedding(nets.critic, head_of(q, h), true),
                 dense_embedding(nets.navigator, head_of(q, h), false),
                 dense_embedding(nets.critic, head_of(k, h), true),
                 dense_embedding(nets.navigator, head_of(k, h), false), false);
    // Rounding of logits of some thousands, in float32.
    const double tolerance = dtype == core::DType::f64 ? 1e-11 : reach > 10 ? 1e-3 : 1e-5;
    CHECK(per_head.data<double>()[h] == Approx(expected.loss).epsilon(tolerance));
  }
}

TEST_CASE("ct: gradients", "[align][gradient]") {
  const double reach = GENERATE(1.0, 12.0);
  const bool chord = GENERATE(false, true);
  const bool nav_unit = GENERATE(false, true);
  CAPTURE(reach, chord, nav_unit);
  const Variable q = random_leaf({4, 2, 3}, 1);
  const Variable k = random_leaf({5, 2, 3}, 2);
  const Networks nets = networks(3, core::DType::f64, reach, {.hidden = 4});
  std::vector<autograd::NamedInput> inputs = nets.inputs();
  inputs.push_back({"queries", q});
  inputs.push_back({"keys", k});
  const align::CtOptions options{
      .rho = 0.3,
      .cost = chord ? align::TransportCost::chord : align::TransportCost::cosine,
      .nav_unit = nav_unit,
      .reversal = -1};
  require_gradients(
      [&] {
        return align::ct({.queries = q, .keys = k}, nets.critic, nets.navigator, kRandom, options);
      },
      inputs);
}

TEST_CASE("ct: gradients across tiles", "[align][gradient]") {
  const double reach = GENERATE(1.0, 12.0);
  CAPTURE(reach);
  const Variable q = random_leaf({70, 1, 2}, 1);
  const Variable k = random_leaf({130, 1, 2}, 2);
  const Networks nets = networks(2, core::DType::f64, reach, {.hidden = 3});
  require_gradients(
      [&] { return align::ct({.queries = q, .keys = k}, nets.critic, nets.navigator, kRandom); },
      {{"queries", q}, {"keys", k}});
}

TEST_CASE("ct: gradients with tied highway and dropout", "[align][gradient]") {
  const Variable q = random_leaf({4, 2, 3}, 1);
  const Variable k = random_leaf({5, 2, 3}, 2);
  const Networks nets =
      networks(3, core::DType::f64, 1, {.hidden = 4, .tie_highway = true, .dropout = 0.3});
  CHECK_FALSE(nets.critic.trans_w.defined());
  fill_biases(nets.critic, 0.1);
  fill_biases(nets.navigator, -0.1);
  std::vector<autograd::NamedInput> inputs = nets.inputs();
  inputs.push_back({"queries", q});
  inputs.push_back({"keys", k});
  require_gradients(
      [&] {
        return align::ct({.queries = q, .keys = k}, nets.critic, nets.navigator, kRandom,
                         {.reversal = -1});
      },
      inputs);
}

TEST_CASE("ct: lies between 0 and 2 and does not tell queries from keys at rho 1/2", "[align]") {
  const std::uint64_t seed = GENERATE(range(1U, 6U));
  const Variable q = random_leaf({90, 2, 4}, seed);
  const Variable k = random_leaf({60, 2, 4}, seed + 100);
  const Networks nets = networks(4, core::DType::f64);
  const auto loss = [&](const Variable& a, const Variable& b) {
    Tensor per_head;
    (void)align::ct({.queries = a, .keys = b}, nets.critic, nets.navigator, kRandom, {}, &per_head);
    return values(per_head);
  };
  const std::vector<double> there = loss(q, k);
  const std::vector<double> back = loss(k, q);
  for (std::size_t h = 0; h < there.size(); ++h) {
    CHECK(there[h] >= 0);
    CHECK(there[h] <= 2);
    CHECK(there[h] == Approx(back[h]).epsilon(1e-12));
  }
}

TEST_CASE("ct: a single pair costs one minus its cosine", "[align]") {
  const Variable q = random_leaf({1, 1, 4}, 1);
  const Variable k = random_leaf({1, 1, 4}, 2);
  const Networks nets = networks(4, core::DType::f64);
  const DenseMatrix<double> u = dense_embedding(nets.critic, head_of(q, 0), true);
  const DenseMatrix<double> v = dense_embedding(nets.critic, head_of(k, 0), true);
  const double cosine = products(u, v).values.front();
  CHECK(align::ct({.queries = q, .keys = k}, nets.critic, nets.navigator, kRandom).value().item() ==
        Approx(1 - cosine).epsilon(1e-12));
}

TEST_CASE("ct: zero critic vectors cost one to everything", "[align]") {
  const Variable q = random_leaf({5, 1, 4}, 1);
  const Variable k = random_leaf({7, 1, 4}, 2);
  const Networks nets = networks(4, core::DType::f64);
  Networks flat = nets;
  flat.critic.fc2_w.set_value(Tensor::zeros(flat.critic.fc2_w.shape(), core::DType::f64));
  const Variable loss = align::ct({.queries = q, .keys = k}, flat.critic, flat.navigator, kRandom);
  CHECK(loss.value().item() == 1);
  autograd::backward(loss);
  for (const double value : values(q.grad())) {
    CHECK(value == 0);
  }
}

TEST_CASE("ct: the navigator ascends where it is told to", "[align]") {
  Tensor grads[2];
  for (const bool ascends : {false, true}) {
    const Variable q = random_leaf({9, 2, 4}, 1);
    const Variable k = random_leaf({8, 2, 4}, 2);
    const Networks nets = networks(4, core::DType::f64);
    autograd::backward(align::ct({.queries = q, .keys = k}, nets.critic, nets.navigator, kRandom,
                                 {.navigator_ascends = ascends}));
    grads[ascends ? 1 : 0] = nets.navigator.fc1_w.grad();
  }
  const std::vector<double> descending = values(grads[0]);
  const std::vector<double> ascending = values(grads[1]);
  for (std::size_t i = 0; i < descending.size(); ++i) {
    CHECK(ascending[i] == -descending[i]);
  }
}

TEST_CASE("ct: refuses rho below 0 and above 1", "[align]") {
  const Variable x = random_leaf({5, 1, 2}, 1);
  const Networks nets = networks(2, core::DType::f64);
  CHECK(message_of<InvalidArgument>([&] {
          (void)align::ct({.queries = x, .keys = x}, nets.critic, nets.navigator, kRandom,
                          {.rho = 1.5});
        }) == "align::ct: rho must be in [0, 1], got 1.5");
}

TEST_CASE("ct: short clouds are what they are beside a long one", "[align]") {
  // A sample of 40 points makes all of them go by tiles; alone, those of 5 and 20 do not. In the
  // mean over the samples each weighs less then.
  const double reach = GENERATE(1.0, 8.0);
  const auto cost = GENERATE(align::TransportCost::cosine, align::TransportCost::chord);
  const bool nav_unit = GENERATE(false, true);
  CAPTURE(reach, nav_unit);
  const Networks nets = networks(6, core::DType::f64, reach);
  const Variable q = random_leaf({65, 2, 6}, 1, core::DType::f64);
  const Variable k = random_leaf({63, 2, 6}, 2, core::DType::f64);
  const auto evaluated = [&](std::int64_t samples, Tensor& per_head) {
    const std::vector<std::int64_t> query_ends{0, 5, 25, 65};
    const std::vector<std::int64_t> key_ends{0, 7, 23, 63};
    const Variable queries(first_rows(q.value(), query_ends[samples]), true);
    const Variable keys(first_rows(k.value(), key_ends[samples]), true);
    const align::Clouds clouds{.queries = queries,
                               .keys = keys,
                               .query_segments = std::span(query_ends).first(samples + 1),
                               .key_segments = std::span(key_ends).first(samples + 1)};
    backward(align::ct(clouds, nets.critic, nets.navigator, kRandom,
                       {.rho = 0.3, .cost = cost, .nav_unit = nav_unit}, &per_head));
    std::vector<double> grads = values(first_rows(queries.grad(), 25));
    const std::vector<double> of_keys = values(first_rows(keys.grad(), 23));
    grads.insert(grads.end(), of_keys.begin(), of_keys.end());
    return grads;
  };
  Tensor short_terms;
  Tensor tile_terms;
  const std::vector<double> by_short = evaluated(2, short_terms);
  const std::vector<double> by_tiles = evaluated(3, tile_terms);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(short_terms.data<double>()[i] == Approx(tile_terms.data<double>()[i]).epsilon(1e-11));
  }
  for (std::size_t i = 0; i < by_short.size(); ++i) {
    CHECK(2 * by_short[i] == Approx(3 * by_tiles[i]).epsilon(1e-8).margin(1e-11));
  }
}

}  // namespace attune::testing
