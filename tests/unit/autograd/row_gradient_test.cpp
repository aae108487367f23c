#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>

using namespace attune;
using autograd::backward;
using autograd::Node;
using autograd::RowGradient;
using core::DType;
using core::Tensor;
using testing::message_of;
using testing::values;

namespace {

Variable matrix(const std::vector<double>& numbers) {
  return Variable(Tensor::from(numbers, {static_cast<std::int64_t>(numbers.size()) / 2, 2}), true);
}

RowGradient rows_of(const std::vector<std::int32_t>& index, const std::vector<double>& numbers,
                    const core::Shape& shape) {
  RowGradient grad{core::PoolArray<std::int32_t>(static_cast<std::int64_t>(index.size())),
                   Tensor::from(numbers, shape)};
  std::copy(index.begin(), index.end(), grad.index.data());
  return grad;
}

// A scalar 0 whose derivative with respect to x is `grad` and zero elsewhere.
Variable looks_at(const Variable& x, const std::vector<std::int32_t>& index,
                  const std::vector<double>& grad) {
  const auto count = static_cast<std::int64_t>(index.size());
  return autograd::record("looks_at", Tensor::zeros({}, DType::f64), {x},
                          [=](Node& node, const Tensor&) {
                            node.add_grad(0, rows_of(index, grad, {count, 2}));
                          });
}

}  // namespace

TEST_CASE("row gradient: of a leaf is zero elsewhere", "[autograd]") {
  const Variable x = matrix({1, 2, 3, 4, 5, 6});
  backward(looks_at(x, {2, 0}, {10, 20, 30, 40}));
  CHECK(values(x.grad()) == std::vector<double>{30, 40, 0, 0, 10, 20});
  backward(looks_at(x, {0}, {1, 1}));
  CHECK(values(x.grad()) == std::vector<double>{31, 41, 0, 0, 10, 20});
}

TEST_CASE("row gradient: of a result adds to whole ones, whichever comes first", "[autograd]") {
  const bool rows_first = GENERATE(true, false);
  const Variable x = matrix({1, 2, 3, 4});
  const Variable y = ops::scale(x, 2);
  const Variable sum = ops::sum(y);
  const Variable rows = looks_at(y, {1}, {5, 7});
  backward(rows_first ? ops::add(rows, sum) : ops::add(sum, rows));
  CHECK(values(x.grad()) == std::vector<double>{2, 2, 12, 16});
}

TEST_CASE("row gradient: of a result that nothing else reads", "[autograd]") {
  const Variable x = matrix({1, 2, 3, 4});
  const Variable y = ops::scale(x, 2);
  backward(ops::add(looks_at(y, {1}, {5, 7}), looks_at(y, {0, 1}, {1, 1, 1, 1})));
  CHECK(values(x.grad()) == std::vector<double>{2, 2, 12, 16});
}

TEST_CASE("row gradient: leaves a gradient alone that another variable shares", "[autograd]") {
  const Variable x = matrix({1, 2, 3, 4});
  const Variable y = matrix({1, 2, 3, 4});
  const Variable both = ops::add(x, y);  // may hand one tensor to both
  backward(ops::sum(both));
  backward(looks_at(x, {0}, {5, 5}));
  CHECK(values(x.grad()) == std::vector<double>{6, 6, 1, 1});
  CHECK(values(y.grad()) == std::vector<double>{1, 1, 1, 1});
}

TEST_CASE("row gradient: no rows, no gradient but zeros", "[autograd]") {
  const Variable x = matrix({1, 2, 3, 4});
  backward(looks_at(x, {}, {}));
  CHECK(values(x.grad()) == std::vector<double>{0, 0, 0, 0});
}

TEST_CASE("row gradient: refuses rows that are not there and shapes that do not fit",
          "[autograd]") {
  const Variable x = matrix({1, 2, 3, 4});
  const auto message = [&](std::int32_t row, const core::Shape& shape) {
    const Variable y =
        autograd::record("bad", Tensor::zeros({}, DType::f64), {x}, [=](Node& node, const Tensor&) {
          node.add_grad(0, rows_of({row}, {1, 2}, shape));
        });
    return message_of<ShapeError>([&] { backward(y); });
  };
  CHECK(message(2, {1, 2}) == "bad: gradient of some rows must be of 1 rows of [2, 2], got [1, 2]");
  CHECK_THAT(message(-1, {1, 2}), Catch::StartsWith("bad: gradient of some rows"));
  CHECK_THAT(message(0, {2, 1}), Catch::StartsWith("bad: gradient of some rows"));
  CHECK_THAT(message(0, {2}), Catch::StartsWith("bad: gradient of some rows"));
  CHECK(message(0, {1, 2}) == "(no error)");
}
