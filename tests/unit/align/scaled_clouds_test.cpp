// Clouds that are rows of one tensor times a vector a head: as if multiplied beforehand.
#include <vector>

#include <catch2/catch.hpp>

#include "any_distance.hpp"
#include "support/tensors.hpp"
#include <attune/align/distance.hpp>
#include <attune/align/sampling.hpp>
#include <attune/core/error.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/heads.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/ops/rows.hpp>

namespace attune::testing {

using core::Tensor;

namespace {

const core::RandomStream kRandom(17, core::Purpose::alignment);

struct ScaledHeads {
  Variable points = random_leaf({70, 2, 3}, 1);
  Variable query_scale = random_leaf({2, 3}, 2);
  Variable key_scale = random_leaf({2, 3}, 3);

  [[nodiscard]] align::Clouds scaled() const {
    return {.queries = points, .keys = points, .query_scale = query_scale, .key_scale = key_scale};
  }
  [[nodiscard]] align::Clouds multiplied() const {
    return {.queries = ops::head_scale(points, query_scale),
            .keys = ops::head_scale(points, key_scale)};
  }
  // Of `loss` and of a reader of all points beside it.
  [[nodiscard]] std::vector<Tensor> gradients(const Variable& loss) const {
    std::vector<Variable> leaves{points, query_scale, key_scale};
    for (Variable& leaf : leaves) {
      leaf.zero_grad();
    }
    autograd::backward(ops::add(loss, ops::sum(ops::mul(points, points))));
    return {points.grad(), query_scale.grad(), key_scale.grad()};
  }
};

}  // namespace

TEST_CASE("scaled clouds: loss and gradients are those of the products", "[align]") {
  const std::string name = GENERATE("gan", "ot", "ct", "mmd");
  const std::int64_t samples = GENERATE(0, 20);
  CAPTURE(name, samples);
  const ScaledHeads heads;
  const AnyDistance distance = any_distance(name, 3);
  const align::Clouds products = heads.multiplied();
  const align::SampledClouds expected(products, samples, kRandom);
  const align::SampledClouds scaled(heads.scaled(), samples, kRandom);
  const Variable expected_loss = distance.loss(expected.clouds(), nullptr);
  const Variable loss = distance.loss(scaled.clouds(), nullptr);
  CHECK(loss.value().item() == Approx(expected_loss.value().item()).epsilon(1e-13));
  const std::vector<Tensor> expected_grads = heads.gradients(expected_loss);
  const std::vector<Tensor> grads = heads.gradients(loss);
  for (std::size_t i = 0; i < grads.size(); ++i) {
    CAPTURE(i);
    CHECK(max_difference(grads[i], expected_grads[i]) < 1e-12);
  }
}

TEST_CASE("scaled clouds: derivatives", "[align]") {
  const std::string name = GENERATE("gan", "ct", "mmd");
  CAPTURE(name);
  const ScaledHeads heads;
  const AnyDistance distance = any_distance(name, 3);
  const align::SampledClouds sampled(heads.scaled(), 6, kRandom);
  require_gradients([&] { return distance.loss(sampled.clouds(), nullptr); },
                    {{"points", heads.points},
                     {"query_scale", heads.query_scale},
                     {"key_scale", heads.key_scale}});
}

TEST_CASE("scaled clouds: one side scaled, the other a tensor of its own", "[align]") {
  const std::string name = GENERATE("gan", "ot", "ct", "mmd");
  CAPTURE(name);
  const ScaledHeads heads;
  const Variable keys = random_leaf({40, 2, 3}, 4);
  const AnyDistance distance = any_distance(name, 3);
  const align::Clouds scaled{
      .queries = heads.points, .keys = keys, .query_scale = heads.query_scale};
  const align::Clouds products{.queries = ops::head_scale(heads.points, heads.query_scale),
                               .keys = keys};
  CHECK(distance.loss(scaled, nullptr).value().item() ==
        Approx(distance.loss(products, nullptr).value().item()).epsilon(1e-13));
}

TEST_CASE("scaled clouds: queries may be the first of the points", "[align]") {
  const std::string name = GENERATE("gan", "ot", "ct", "mmd");
  const std::int64_t samples = GENERATE(0, 15, 40);
  CAPTURE(name, samples);
  const ScaledHeads heads;
  const AnyDistance distance = any_distance(name, 3);
  align::Clouds part = heads.scaled();
  part.num_queries = 25;
  align::Clouds products = heads.multiplied();
  products.queries = ops::first_rows(products.queries, 25);
  const align::SampledClouds scaled(part, samples, kRandom);
  const align::SampledClouds expected(products, samples, kRandom);
  const Variable loss = distance.loss(scaled.clouds(), nullptr);
  const Variable expected_loss = distance.loss(expected.clouds(), nullptr);
  CHECK(loss.value().item() == Approx(expected_loss.value().item()).epsilon(1e-13));
  const std::vector<Tensor> expected_grads = heads.gradients(expected_loss);
  const std::vector<Tensor> grads = heads.gradients(loss);
  for (std::size_t i = 0; i < grads.size(); ++i) {
    CAPTURE(i);
    CHECK(max_difference(grads[i], expected_grads[i]) < 1e-12);
  }
}

TEST_CASE("scaled clouds: the heads of a position are a cloud of products too", "[align]") {
  const ScaledHeads heads;
  const align::Options options{.kind = align::Kind::mmd, .samples = 30, .axis = align::Axis::heads};
  const auto distance = align::make_distance(options, heads.scaled(), kRandom);
  CHECK(distance->loss(heads.scaled(), kRandom).value().item() ==
        Approx(distance->loss(heads.multiplied(), kRandom).value().item()).epsilon(1e-13));
}

TEST_CASE("scaled clouds: gradients have the same bits on any number of threads", "[align]") {
  const std::string name = GENERATE("gan", "ot", "ct", "mmd");
  CAPTURE(name);
  const AnyDistance distance = any_distance(name, 3, core::DType::f32);
  require_same_bits_on_any_threads([&] {
    const Variable points = random_leaf({700, 8, 3}, 1, core::DType::f32);
    const Variable query_scale = random_leaf({8, 3}, 2, core::DType::f32);
    const Variable key_scale = random_leaf({8, 3}, 3, core::DType::f32);
    const align::Clouds clouds{
        .queries = points, .keys = points, .query_scale = query_scale, .key_scale = key_scale};
    const align::SampledClouds sampled(clouds, 300, kRandom);
    autograd::backward(distance.loss(sampled.clouds(), nullptr));
    return std::vector<Tensor>{points.grad(), query_scale.grad(), key_scale.grad()};
  });
}

TEST_CASE("scaled clouds: refuse scales and positions that do not fit", "[align]") {
  const ScaledHeads heads;
  const AnyDistance mmd = any_distance("mmd", 3);
  const auto message = [&](const align::Clouds& clouds) {
    return message_of<ShapeError>([&] { (void)mmd.loss(clouds, nullptr); });
  };
  const auto refusal = [&](const align::Clouds& clouds) {
    return message_of<InvalidArgument>([&] { (void)mmd.loss(clouds, nullptr); });
  };
  const Variable& x = heads.points;
  CHECK(message({.queries = x, .keys = x, .query_scale = random_leaf({3, 2}, 1)}) ==
        "align::mmd: query_scale must be [2, 3], got [3, 2]");
  const std::vector<std::int32_t> twice{4, 4};
  const std::vector<std::int32_t> beyond{4, 70};
  const std::vector<std::uint8_t> mask(70, 1);
  CHECK(refusal({.queries = x, .keys = x, .query_positions = twice}) ==
        "align::mmd: positions of the queries must ascend below 70, got 4 after 4");
  CHECK(refusal({.queries = x, .keys = x, .key_positions = beyond}) ==
        "align::mmd: positions of the keys must ascend below 70, got 70 after 4");
  CHECK(message({.queries = x, .keys = x, .num_queries = 71}) ==
        "align::mmd: num_queries must be 0 to 70, got 71");
  CHECK(refusal({.queries = x, .keys = x, .query_mask = mask, .query_positions = beyond}) ==
        "align::mmd: the queries have a mask and positions, expected one of them");
}

}  // namespace attune::testing
