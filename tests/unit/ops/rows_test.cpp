#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/rows.hpp>

using namespace attune;
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
