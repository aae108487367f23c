#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/core/pool.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>

using namespace attune;
using autograd::backward;
using autograd::NoGradScope;
using core::DType;
using core::Tensor;
using testing::message_of;
using testing::values;

namespace {

Variable leaf(const std::vector<double>& numbers) {
  return Variable(Tensor::from(numbers, {static_cast<std::int64_t>(numbers.size())}), true);
}

// Passes x on and notes in `order` when its backward runs.
Variable probe(const Variable& x, int number, std::vector<int>& order) {
  return autograd::record("probe", x.value(), {x},
                          [number, &order](autograd::Node& node, const Tensor& grad_output) {
                            order.push_back(number);
                            node.add_grad(0, grad_output);
                          });
}

}  // namespace

TEST_CASE("Variable: a leaf has a value, and a gradient only after backward", "[autograd]") {
  Variable x = leaf({1, 2});
  CHECK(x.defined());
  CHECK(x.requires_grad());
  CHECK_FALSE(x.grad().defined());
  backward(ops::sum(x));
  CHECK(values(x.grad()) == std::vector<double>{1, 1});
  x.zero_grad();
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(Variable(Tensor::zeros({2})).requires_grad());
}

TEST_CASE("Variable: copies are the same variable", "[autograd]") {
  const Variable x = leaf({1, 2});
  const Variable copy = x;
  CHECK(same(x, copy));
  CHECK_FALSE(same(x, leaf({1, 2})));
  backward(ops::sum(copy));
  CHECK(values(x.grad()) == std::vector<double>{1, 1});
}

TEST_CASE("Variable: an undefined one says so", "[autograd]") {
  const Variable undefined;
  CHECK_FALSE(undefined.defined());
  CHECK_FALSE(undefined.requires_grad());
  CHECK(message_of<InvalidArgument>([&] { (void)undefined.value(); }) ==
        "Variable::value: the variable is undefined");
  CHECK_THROWS_AS((void)undefined.grad(), InvalidArgument);
}

TEST_CASE("Variable: a value is replaced by one of its shape only", "[autograd]") {
  Variable x = leaf({1, 2});
  x.set_value(Tensor::from<double>({3, 4}, {2}));
  CHECK(values(x.value()) == std::vector<double>{3, 4});
  CHECK(message_of<ShapeError>([&] { x.set_value(Tensor::zeros({3})); }) ==
        "Variable::set_value: value must be [2], got [3]");
}

TEST_CASE("backward: the chain rule through a diamond", "[autograd]") {
  // f = sum((x + y) * (x - y)) = sum(x^2 - y^2)
  const Variable x = leaf({1, 2});
  const Variable y = leaf({3, 5});
  backward(ops::sum(ops::mul(ops::add(x, y), ops::sub(x, y))));
  CHECK(values(x.grad()) == std::vector<double>{2, 4});
  CHECK(values(y.grad()) == std::vector<double>{-6, -10});
}

TEST_CASE("backward: contributions of every use and every call add up", "[autograd]") {
  const Variable x = leaf({1, 2});
  backward(ops::sum(ops::add(ops::add(x, x), x)));
  CHECK(values(x.grad()) == std::vector<double>{3, 3});
  backward(ops::sum(ops::scale(x, 10)));
  CHECK(values(x.grad()) == std::vector<double>{13, 13});
}

TEST_CASE("backward: a gradient passed on to two inputs is nobody's shared property",
          "[autograd]") {
  // add() hands the same tensor to both inputs.
  Variable x = leaf({1, 2});
  Variable y = leaf({3, 4});
  backward(ops::sum(ops::add(x, y)));
  x.mutable_grad().mutable_data<double>()[0] = 100;
  CHECK(values(y.grad()) == std::vector<double>{1, 1});
  backward(ops::sum(ops::add(x, y)));
  CHECK(values(x.grad()) == std::vector<double>{101, 2});
  CHECK(values(y.grad()) == std::vector<double>{2, 2});
}

TEST_CASE("backward: a given derivative of the output starts it and stays as it is", "[autograd]") {
  const Variable x = leaf({1, 2});
  const Tensor upstream = Tensor::from<double>({10, 20}, {2});
  backward(ops::scale(x, 3), upstream);
  backward(ops::scale(x, 3), upstream);
  CHECK(values(x.grad()) == std::vector<double>{60, 120});
  backward(x, upstream);  // of the leaf itself
  CHECK(values(x.grad()) == std::vector<double>{70, 140});
  CHECK(values(upstream) == std::vector<double>{10, 20});
}

TEST_CASE("backward: runs an operation after all that read its result, newest first",
          "[autograd]") {
  std::vector<int> order;
  const Variable x = leaf({1});
  const Variable a = probe(x, 0, order);
  const Variable b = probe(a, 1, order);
  const Variable c = probe(a, 2, order);
  const Variable d = probe(b, 3, order);
  backward(ops::sum(ops::add(ops::add(c, d), a)));
  CHECK(order == std::vector<int>{3, 2, 1, 0});
  CHECK(values(x.grad()) == std::vector<double>{3});
}

TEST_CASE("backward: visits only what the output was computed from", "[autograd]") {
  std::vector<int> order;
  const Variable x = leaf({1});
  const Variable used = probe(x, 1, order);
  const Variable unused = probe(x, 2, order);
  const Variable without_grad = probe(Variable(Tensor::zeros({1}, DType::f64)), 3, order);
  backward(ops::sum(ops::add(used, without_grad)));
  CHECK(order == std::vector<int>{1});
  CHECK(unused.requires_grad());
  CHECK_FALSE(without_grad.requires_grad());
}

TEST_CASE("backward: says what it cannot start from", "[autograd]") {
  const Variable x = leaf({1, 2});
  CHECK(message_of<ShapeError>([&] { backward(x); }) == "backward: expected a scalar, got [2]");
  CHECK(message_of<InvalidArgument>([] { backward(Variable(Tensor::zeros({}))); }) ==
        "backward: the output does not depend on a variable that requires grad");
  CHECK(message_of<ShapeError>([&] { backward(ops::scale(x, 2), Tensor::zeros({3})); }) ==
        "backward: grad_output must be [2], got [3]");
}

TEST_CASE("backward: an operation that hands over a derivative of the wrong shape is named",
          "[autograd]") {
  const Variable x = leaf({1, 2});
  const Variable y = autograd::record("broken", Tensor::zeros({}, DType::f64), {x},
                                      [](autograd::Node& node, const Tensor&) {
                                        node.add_grad(0, Tensor::zeros({3}, DType::f64));
                                      });
  CHECK(message_of<ShapeError>([&] { backward(y); }) ==
        "broken: gradient of an input must be [2], got [3]");
}

TEST_CASE("record: keeps nothing where no input requires a gradient", "[autograd]") {
  const Variable x(Tensor::from<double>({1, 2}, {2}));
  const Variable y = ops::mul(x, x);
  CHECK_FALSE(y.requires_grad());
  CHECK(y.value().unique());
}

TEST_CASE("NoGradScope: nothing is recorded while one lives, on this thread", "[autograd]") {
  const Variable x = leaf({1, 2});
  CHECK(autograd::grad_enabled());
  {
    const NoGradScope outer;
    CHECK_FALSE(autograd::grad_enabled());
    CHECK_FALSE(ops::scale(x, 2).requires_grad());
    {
      const NoGradScope inner;
      CHECK_FALSE(autograd::grad_enabled());
    }
    CHECK_FALSE(autograd::grad_enabled());
    bool elsewhere = false;
    std::thread([&] { elsewhere = autograd::grad_enabled(); }).join();
    CHECK(elsewhere);
  }
  CHECK(autograd::grad_enabled());
  CHECK(ops::scale(x, 2).requires_grad());
}

TEST_CASE("detach: cuts the record, keeps the value", "[autograd]") {
  const Variable x = leaf({1, 2});
  const Variable y = ops::scale(x, 2);
  const Variable cut = y.detach();
  CHECK_FALSE(cut.requires_grad());
  CHECK(values(cut.value()) == std::vector<double>{2, 4});
  backward(ops::sum(ops::mul(y, cut)));
  CHECK(values(x.grad()) == std::vector<double>{4, 8});  // 2 cut, not 4 y
}

TEST_CASE("the record: goes when the output goes, with all it kept", "[autograd]") {
  const Variable x = testing::random_leaf({1000}, 1);
  const std::int64_t before = core::pool_statistics().bytes_in_use;
  {
    Variable y = x;
    for (int i = 0; i < 50; ++i) {
      y = ops::mul(y, y);
    }
    CHECK(core::pool_statistics().bytes_in_use > before + 50 * 8000);
  }
  CHECK(core::pool_statistics().bytes_in_use == before);
}

TEST_CASE("the record: may be a hundred thousand operations long", "[autograd]") {
  const Variable x = leaf({1});
  Variable y = x;
  for (int i = 0; i < 100000; ++i) {
    y = ops::scale(y, 1);
  }
  backward(ops::sum(y));
  CHECK(values(x.grad()) == std::vector<double>{1});
}

TEST_CASE("Node: refuses more inputs than it has room for", "[autograd]") {
  const Variable x = leaf({1});
  const auto nothing = [](autograd::Node&, const Tensor&) {};
  CHECK(message_of<InvalidArgument>([&] {
          (void)autograd::record("many", Tensor::zeros({}),
                                 {x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}, nothing);
        }) == "many: expected at most 16 inputs, got 17");
}

TEST_CASE("backward of a variable that is given away: the same gradients, and less is held",
          "[autograd]") {
  const Variable x = testing::random_leaf({1000}, 1);
  const auto chain = [&] {
    Variable y = x;
    for (int i = 0; i < 50; ++i) {
      y = ops::mul(y, x);
    }
    return ops::sum(y);
  };
  const auto peak_of = [&](const auto& walk) {
    Variable(x).zero_grad();
    Variable loss = chain();
    core::reset_pool_peak();
    const std::int64_t before = core::pool_statistics().bytes_in_use;
    walk(std::move(loss));
    CHECK(core::pool_statistics().bytes_in_use <= before);
    return core::pool_statistics().peak_bytes_in_use - before;
  };
  const std::int64_t kept = peak_of([](Variable loss) {
    backward(loss);
    loss = Variable();
  });
  const std::vector<double> expected = values(x.grad());
  const std::int64_t released = peak_of([](Variable loss) { backward(std::move(loss)); });
  CHECK(values(x.grad()) == expected);
  CHECK(released <= kept);
}

TEST_CASE("backward of a variable given away that somebody else holds: nothing is taken from them",
          "[autograd]") {
  const Variable x = leaf({1, 2});
  const Variable y = ops::sum(ops::mul(x, x));
  Variable copy = y;
  backward(std::move(copy));
  CHECK(values(y.value()) == std::vector<double>{5});
  backward(y);  // its record is still there
  CHECK(values(x.grad()) == std::vector<double>{4, 8});
}

TEST_CASE("the record: does not hold results that no derivative needs", "[autograd]") {
  const Variable x = testing::random_leaf({1000}, 1);
  const std::int64_t before = core::pool_statistics().bytes_in_use;
  Variable y = x;
  for (int i = 0; i < 50; ++i) {
    y = ops::scale(y, 2);
  }
  CHECK(core::pool_statistics().bytes_in_use < before + 3 * 8192 + 50 * 1024);
}

TEST_CASE("take_value: of a result alone, never of a leaf or of what somebody holds",
          "[autograd]") {
  Variable x = leaf({1, 2});
  CHECK_FALSE(x.take_value().defined());
  Variable y = ops::scale(x, 2);
  const Variable held = y;
  CHECK_FALSE(y.take_value().defined());
  Variable z = ops::scale(x, 3);
  const Tensor elements = z.value();
  CHECK_FALSE(z.take_value().defined());
  Variable alone = ops::scale(x, 4);
  CHECK(values(alone.take_value()) == std::vector<double>{4, 8});
}

TEST_CASE("add in place: where the first term is given away, not the other way round",
          "[autograd]") {
  const Variable x = leaf({1, 2});
  Variable y = ops::scale(x, 2);
  const void* const place = y.value().data<double>().data();
  const Variable sum = ops::add(std::move(y), x);
  CHECK(sum.value().data<double>().data() == place);
  CHECK(values(sum.value()) == std::vector<double>{3, 6});
  Variable z = ops::scale(x, 2);
  const Variable other = ops::add(z, x);
  CHECK(values(z.value()) == std::vector<double>{2, 4});
  CHECK(values(other.value()) == std::vector<double>{3, 6});
  backward(ops::sum(sum));
  CHECK(values(x.grad()) == std::vector<double>{3, 3});
}
