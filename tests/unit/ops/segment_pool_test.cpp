#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/segment_pool.hpp>

using namespace attune;
using core::DType;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using Numbers = std::vector<std::int64_t>;

TEST_CASE("segment_pool: weighs the rows of each sample and yields zero where there are none",
          "[ops]") {
  // Weights 1/4 and 3/4, then a row alone.
  const Variable x(Tensor::from<double>({4, 8, 0, 16, 5, 6}, {3, 2}));
  const Variable scores(Tensor::from<double>({0, std::log(3.0), 9}, {3, 1}));
  Tensor alpha;
  const Variable y = ops::segment_pool(x, scores, Numbers{0, 2, 2, 3}, &alpha);
  REQUIRE(y.shape() == core::Shape{3, 2});
  const std::vector<double> expected = {1, 14, 0, 0, 5, 6};
  const std::vector<double> found = testing::values(y.value());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(found[i] == Approx(expected[i]).margin(1e-12));
  }
  CHECK(testing::values(alpha)[1] == Approx(0.75));
}

TEST_CASE("segment_pool: derivatives agree with central differences", "[ops][gradient]") {
  const std::int64_t columns = GENERATE(1, 2);
  const Variable x = random_leaf({7, 3}, 1);
  const Variable scores = random_leaf({7, columns}, 2);
  testing::require_gradients(
      [&] {
        return testing::weighted_sum(ops::segment_pool(x, scores, Numbers{0, 4, 4, 5, 7}));
      },
      {{"x", x}, {"scores", scores}});
}

TEST_CASE("segment_pool: a constant added to all scores of a sample changes nothing",
          "[ops][property]") {
  const Variable x = random_leaf({5, 3}, 1);
  Tensor scores = testing::random_tensor({5, 1}, 2);
  const Numbers segments = {0, 3, 5};
  const Tensor before = ops::segment_pool(x, Variable(scores.clone()), segments).value();
  for (std::size_t r = 0; r < 3; ++r) {
    scores.mutable_data<double>()[r] += 1000;
  }
  const Tensor after = ops::segment_pool(x, Variable(scores), segments).value();
  CHECK(testing::max_difference(before, after) < 1e-10);  // 1000 costs three digits of the scores
}

TEST_CASE("segment_pool: same bits on any number of threads", "[ops][property]") {
  Numbers segments = {0};
  for (std::int64_t s = 0; s < 60; ++s) {
    segments.push_back(segments.back() + (s * 7) % 31);
  }
  testing::require_same_bits_on_any_threads([&] {
    const Variable x = random_leaf({segments.back(), 65}, 1, DType::f32);
    const Variable scores = random_leaf({segments.back(), 2}, 2, DType::f32);
    const Variable y = ops::segment_pool(x, scores, segments);
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{y.value(), x.grad(), scores.grad()};
  });
}

TEST_CASE("segment_pool: says what does not fit", "[ops]") {
  const Variable x(Tensor::zeros({3, 2}));
  CHECK(message_of<ShapeError>([&] {
          (void)ops::segment_pool(x, Variable(Tensor::zeros({2, 1})), Numbers{0, 3});
        }) == "ops::segment_pool: scores must be [3, 1], got [2, 1]");
  CHECK(message_of<InvalidArgument>([&] {
          (void)ops::segment_pool(x, Variable(Tensor::zeros({3, 1})), Numbers{0, 4});
        }) == "ops::segment_pool: segments must ascend from 0 to 3");
}
