#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/rows.hpp>

using namespace attune;
using core::Tensor;
using testing::random_leaf;
using testing::values;

TEST_CASE("ops::first_rows: copies the first rows", "[ops]") {
  const Variable x(core::Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2}));
  CHECK(values(ops::first_rows(x, 2).value()) == std::vector<double>{1, 2, 3, 4});
  CHECK(ops::first_rows(x, 0).shape() == core::Shape{0, 2});
  CHECK(ops::first_rows(x, 3).value().data<float>().data() == x.value().data<float>().data());
}

TEST_CASE("ops::first_rows: other rows have no derivative", "[ops][gradient]") {
  const Variable x = random_leaf({5, 2, 3}, 1);
  for (const std::int64_t count : {1, 3, 5}) {
    CAPTURE(count);
    testing::require_gradients([&] { return testing::weighted_sum(ops::first_rows(x, count)); },
                               {{"x", x}});
  }
}

TEST_CASE("ops::first_rows: refuses rows that are not there", "[ops]") {
  const Variable x(core::Tensor::zeros({3, 2}));
  CHECK_THROWS_AS(ops::first_rows(x, 4), ShapeError);
  CHECK_THROWS_AS(ops::first_rows(x, -1), ShapeError);
  CHECK_THROWS_AS(ops::first_rows(Variable(core::Tensor::full({}, 1)), 0), ShapeError);
}

TEST_CASE("take_rows: looks up rows, repeated and in any order", "[ops]") {
  const Variable x(Tensor::from<float>({1, 2, 3, 4, 5, 6}, {3, 2}));
  const std::vector<std::int32_t> index = {2, 0, 2};
  const Variable y = ops::take_rows(x, index);
  CHECK(y.shape() == core::Shape{3, 2});
  CHECK(testing::values(y.value()) == std::vector<double>{5, 6, 1, 2, 5, 6});
  CHECK(ops::take_rows(x, {}).shape() == core::Shape{0, 2});
}

TEST_CASE("take_rows: derivatives agree with central differences", "[ops][gradient]") {
  const Variable x = testing::random_leaf({5, 2, 3}, 1);
  const std::vector<std::int32_t> index = {4, 1, 4, 4, 0, 1};
  testing::require_gradients([&] { return testing::weighted_sum(ops::take_rows(x, index)); },
                             {{"x", x}});
}

TEST_CASE("take_rows: same bits on 1, 2 and 8 threads", "[ops][property]") {
  std::vector<std::int32_t> index(3000);
  for (std::size_t i = 0; i < index.size(); ++i) {
    index[i] = static_cast<std::int32_t>(i * i % 97);
  }
  testing::require_same_bits_on_any_threads([&] {
    const Variable x = testing::random_leaf({97, 40}, 1, core::DType::f32);
    const Variable y = ops::take_rows(x, index);
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{y.value(), x.grad()};
  });
}

TEST_CASE("take_rows: names an index that is not there", "[ops]") {
  const Variable x(Tensor::zeros({3, 2}));
  const std::vector<std::int32_t> beyond = {0, 3};
  const std::vector<std::int32_t> negative = {-1};
  CHECK(testing::message_of<InvalidArgument>([&] { (void)ops::take_rows(x, beyond); }) ==
        "ops::take_rows: an index must be in [0, 3), got 3");
  CHECK(testing::message_of<InvalidArgument>([&] { (void)ops::take_rows(x, negative); }) ==
        "ops::take_rows: an index must be in [0, 3), got -1");
}
