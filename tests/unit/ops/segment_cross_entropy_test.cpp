#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/segment_cross_entropy.hpp>

using namespace attune;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using Numbers = std::vector<std::int64_t>;

TEST_CASE("segment_cross_entropy: two samples worked out by hand", "[ops]") {
  // softmax (1/4, 3/4) of which 3/4 is wanted; one row alone
  const Variable x(Tensor::from<float>({0, std::log(3.0F), 7}, {3, 1}));
  const Variable loss = ops::segment_cross_entropy(x, Numbers{0, 2, 3}, Numbers{1, 0});
  CHECK(loss.value().item() == Approx(-std::log(0.75) / 2));
}

TEST_CASE("segment_cross_entropy: derivatives agree with central differences", "[ops][gradient]") {
  const Variable x = random_leaf({9, 2}, 1);
  const Numbers segments = {0, 4, 5, 9};
  const Numbers targets = {3, 0, 0, 0, 2, 2};
  testing::require_gradients([&] { return ops::segment_cross_entropy(x, segments, targets); },
                             {{"x", x}});
}

TEST_CASE("segment_cross_entropy: logits of 1e4 stay finite", "[ops]") {
  const Variable x(Tensor::from<float>({1e4F, -1e4F, 0}, {3, 1}), true);
  const Variable loss = ops::segment_cross_entropy(x, Numbers{0, 3}, Numbers{1});
  CHECK(loss.value().item() == Approx(2e4));
}

TEST_CASE("segment_cross_entropy: says what does not fit", "[ops]") {
  const Variable x(Tensor::zeros({3, 2}));
  CHECK(message_of<InvalidArgument>([&] {
          (void)ops::segment_cross_entropy(x, Numbers{0, 2, 3}, Numbers{0, 1, 1, 0});
        }) == "ops::segment_cross_entropy: a target of sample 1 must be in [0, 1), got 1");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::segment_cross_entropy(x, Numbers{0, 3}, Numbers{0});
        }) == "ops::segment_cross_entropy: expected 1 times 2 targets, got 1");
  CHECK(message_of<InvalidArgument>([&] {
          (void)ops::segment_cross_entropy(x, Numbers{0, 2}, Numbers{0, 0});
        }) == "ops::segment_cross_entropy: segments must ascend from 0 to 3");
}
