// What any of the distances does with clouds that are not as they should be.
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "any_distance.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>

namespace attune::testing {

using core::Tensor;

namespace {

Variable with_value(const core::Shape& shape, std::int64_t at, double value, core::DType dtype) {
  Tensor x = random_tensor(shape, 1);
  x.mutable_data<double>()[at] = value;
  return Variable(x.to(dtype), true);
}

}  // namespace

TEST_CASE("distances: a point that is not finite is refused by its place", "[align]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  const auto dtype = GENERATE(core::DType::f32, core::DType::f64);
  const double bad = GENERATE(std::nan(""), HUGE_VAL, -HUGE_VAL);
  CAPTURE(name, bad);
  const AnyDistance distance = any_distance(name, 3, dtype);
  const Variable good = random_leaf({90, 2, 3}, 2, dtype);
  const Variable broken = with_value({90, 2, 3}, 70 * 6 + 4, bad, dtype);
  CHECK_THROWS_WITH((void)distance.loss({.queries = broken, .keys = good}, nullptr),
                    Catch::StartsWith("align::" + name + ": queries must be finite, got ") &&
                        Catch::EndsWith(" at position 70, head 1, channel 1"));
  CHECK_THROWS_WITH((void)distance.loss({.queries = good, .keys = broken}, nullptr),
                    Catch::StartsWith("align::" + name + ": keys must be finite, got ") &&
                        Catch::EndsWith(" at position 70, head 1, channel 1"));
}

TEST_CASE("distances: points too large for float32 are an error, not a NaN", "[align]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  CAPTURE(name);
  const AnyDistance distance = any_distance(name, 3, core::DType::f32);
  const Variable good = random_leaf({9, 2, 3}, 2, core::DType::f32);
  const Variable large = with_value({9, 2, 3}, 3, 3e38, core::DType::f32);
  double loss = 0;
  try {
    loss = distance.loss({.queries = large, .keys = good}, nullptr).value().item();
  } catch (const InvalidArgument& error) {
    CHECK_THAT(error.what(),
               Catch::StartsWith("align::" + name + ": the loss of sample 0, head 1 is "));
  }
  CHECK(std::isfinite(loss));
}

TEST_CASE("distances: a sample without a valid query or key adds nothing", "[align]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  const bool queries_masked = GENERATE(false, true);
  CAPTURE(name, queries_masked);
  const AnyDistance distance = any_distance(name, 3);
  const Variable q = random_leaf({8, 2, 3}, 1);
  const Variable k = random_leaf({6, 2, 3}, 2);
  const std::vector<std::uint8_t> none_of_8(8, 0);
  const std::vector<std::uint8_t> none_of_6(6, 0);
  align::Clouds clouds{.queries = q, .keys = k};
  if (queries_masked) {
    clouds.query_mask = none_of_8;
  } else {
    clouds.key_mask = none_of_6;
  }
  Tensor per_head;
  const Variable loss = distance.loss(clouds, &per_head);
  CHECK(loss.value().item() == 0);
  CHECK(values(per_head) == std::vector<double>{0, 0});
  autograd::backward(loss);
  for (const Variable& side : {q, k}) {
    CHECK(max_difference(side.grad(), Tensor::zeros(side.shape(), core::DType::f64)) == 0);
  }
}

TEST_CASE("distances: clouds without positions have loss zero", "[align]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  const AnyDistance distance = any_distance(name, 3);
  const Variable none = random_leaf({0, 2, 3}, 1);
  CHECK(distance.loss({.queries = none, .keys = none}, nullptr).value().item() == 0);
}

TEST_CASE("distances: a single position is finite in value and gradient", "[align]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  CAPTURE(name);
  const AnyDistance distance = any_distance(name, 3);
  const Variable q = random_leaf({1, 2, 3}, 1);
  const Variable k = random_leaf({1, 2, 3}, 2);
  const Variable loss = distance.loss({.queries = q, .keys = k}, nullptr);
  CHECK(std::isfinite(loss.value().item()));
  autograd::backward(loss);
  for (const double value : values(q.grad())) {
    CHECK(std::isfinite(value));
  }
}

TEST_CASE("distances: zero vectors are finite in value and gradient", "[align]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  const AnyDistance distance = any_distance(name, 3);
  const Variable zero(Tensor::zeros({5, 2, 3}, core::DType::f64), true);
  const Variable k = random_leaf({7, 2, 3}, 2);
  const Variable loss = distance.loss({.queries = zero, .keys = k}, nullptr);
  CHECK(std::isfinite(loss.value().item()));
  autograd::backward(loss);
  for (const double value : values(zero.grad())) {
    CHECK(std::isfinite(value));
  }
}

TEST_CASE("distances: sizes that do not fit are refused", "[align]") {
  const std::string name = GENERATE("gan", "ct", "ot", "mmd");
  const AnyDistance distance = any_distance(name, 3);
  const std::string who = "align::" + name;
  const Variable q = random_leaf({8, 2, 3}, 1);
  const Variable k = random_leaf({6, 2, 3}, 2);
  const auto message = [&](const align::Clouds& clouds) {
    return message_of<ShapeError>([&] { (void)distance.loss(clouds, nullptr); });
  };
  CHECK(message({.queries = random_leaf({8, 6}, 1), .keys = k}) ==
        who + ": queries must be [positions, heads, channels], got [8, 6]");
  CHECK(message({.queries = q, .keys = random_leaf({6, 3, 3}, 2)}) ==
        who + ": keys must have the heads and channels of the queries [8, 2, 3], got [6, 3, 3]");
  CHECK(message({.queries = random_leaf({8, 0, 3}, 1), .keys = k}) ==
        who + ": queries must have a head and a channel, got [8, 0, 3]");
  const std::vector<std::uint8_t> mask(7, 1);
  CHECK(message({.queries = q, .keys = k, .query_mask = mask}) ==
        who + ": the mask of the queries must have 8 entries, got 7");
  const std::vector<std::int64_t> two{0, 3, 8};
  CHECK(message({.queries = q, .keys = k, .query_segments = two}) ==
        who + ": keys must have the 2 samples of the queries, got 1");
}

TEST_CASE("distances: segments must ascend from the first to the last position", "[align]") {
  const AnyDistance distance = any_distance("mmd", 3);
  const Variable x = random_leaf({8, 2, 3}, 1);
  const auto segments = GENERATE(std::vector<std::int64_t>{0}, std::vector<std::int64_t>{1, 8},
                                 std::vector<std::int64_t>{0, 7}, std::vector<std::int64_t>{0, 9},
                                 std::vector<std::int64_t>{0, 5, 3, 8});
  CHECK(message_of<InvalidArgument>([&] {
          (void)distance.loss(
              {.queries = x, .keys = x, .query_segments = segments, .key_segments = segments},
              nullptr);
        }) == "align::mmd: the segments of the queries must ascend from 0 to 8");
}

}  // namespace attune::testing
