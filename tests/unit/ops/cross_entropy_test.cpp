#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/ops/cross_entropy.hpp>

using namespace attune;
using core::Tensor;
using testing::message_of;
using testing::random_leaf;
using testing::values;

namespace {

using Labels = std::vector<std::int32_t>;
using Nodes = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("log_softmax: exponentials of a row sum to one", "[ops]") {
  const Variable x(Tensor::from<double>({0, std::log(3.0), 5, 5}, {2, 2}));
  const std::vector<double> y = values(ops::log_softmax(x).value());
  CHECK(y[0] == Approx(std::log(0.25)));
  CHECK(y[1] == Approx(std::log(0.75)));
  CHECK(y[2] == Approx(std::log(0.5)));
  CHECK(y[3] == Approx(std::log(0.5)));
}

TEST_CASE("log_softmax: large logits neither overflow nor lose the others", "[ops]") {
  const core::DType dtype = GENERATE(core::DType::f32, core::DType::f64);
  const Variable x(Tensor::from<double>({1e4, 1e4, -1e4, -1e4}, {2, 2}).to(dtype));
  for (const double y : values(ops::log_softmax(x).value())) {
    CHECK(y == Approx(std::log(0.5)));
  }
  const Variable far(Tensor::from<double>({1e4, 0}, {1, 2}).to(dtype));
  CHECK(values(ops::log_softmax(far).value()) == std::vector<double>{0, -1e4});
}

TEST_CASE("log_softmax, cross_entropy: derivatives agree with central differences",
          "[ops][gradient]") {
  const Variable x = random_leaf({6, 5}, 1);
  SECTION("log_softmax") {
    testing::require_gradients([&] { return testing::weighted_sum(ops::log_softmax(x)); },
                               {{"x", x}});
  }
  SECTION("cross_entropy over some rows") {
    testing::require_gradients(
        [&] {
          return ops::cross_entropy(x, Labels{0, 1, 2, 3, 4, 0}, Nodes{1, 3, 4});
        },
        {{"logits", x}});
  }
  SECTION("cross_entropy over rows in disorder, one of them twice") {
    testing::require_gradients(
        [&] {
          return ops::cross_entropy(x, Labels{0, 1, 2, 3, 4, 0}, Nodes{5, 2, 5, 0});
        },
        {{"logits", x}});
  }
}

TEST_CASE("cross_entropy: mean of -log(softmax) at the labels of the listed rows", "[ops]") {
  // Rows 0 and 2: softmax 1/4 and 2/3 at their labels. Row 1 is not listed.
  const Variable x(Tensor::from<double>({0, std::log(3.0), 9, -9, std::log(2.0), 0}, {3, 2}), true);
  const Labels labels = {0, 1, 0};
  const Variable loss = ops::cross_entropy(x, labels, Nodes{0, 2});
  CHECK(loss.shape().rank() == 0);
  CHECK(loss.value().item() == Approx((std::log(4.0) + std::log(1.5)) / 2));
  backward(loss);
  const std::vector<double> grad = values(x.grad());
  CHECK(grad[0] == Approx(-0.375));  // (1/4 - 1) / 2
  CHECK(grad[1] == Approx(0.375));
  CHECK(grad[2] == 0);
  CHECK(grad[3] == 0);
  CHECK(grad[4] == Approx(-1.0 / 6));
  CHECK(grad[5] == Approx(1.0 / 6));
}

TEST_CASE("cross_entropy: agrees with log_softmax", "[ops]") {
  const Variable x = random_leaf({50, 7}, 1);
  Labels labels(50);
  Nodes nodes;
  for (std::int32_t i = 0; i < 50; ++i) {
    labels[static_cast<std::size_t>(i)] = i % 7;
    if (i % 3 == 0) {
      nodes.push_back(i);
    }
  }
  const std::vector<double> log_p = values(ops::log_softmax(x).value());
  double expected = 0;
  for (const std::int64_t i : nodes) {
    expected -= log_p[static_cast<std::size_t>(i * 7 + i % 7)];
  }
  expected /= static_cast<double>(nodes.size());
  CHECK(ops::cross_entropy(x, labels, nodes).value().item() == Approx(expected));
  const Variable narrow(x.value().to(core::DType::f32));
  CHECK(ops::cross_entropy(narrow, labels, nodes).value().item() == Approx(expected).epsilon(1e-6));
}

TEST_CASE("cross_entropy: rows that are not listed may hold anything", "[ops]") {
  const Variable x(Tensor::from<float>({0, 0, std::numeric_limits<float>::quiet_NaN(), 1}, {2, 2}),
                   true);
  const Variable loss = ops::cross_entropy(x, Labels{0, -5}, Nodes{0});
  CHECK(loss.value().item() == Approx(std::log(2.0)));
  backward(loss);
  CHECK(values(x.grad()) == std::vector<double>{-0.5, 0.5, 0, 0});
}

TEST_CASE("cross_entropy: NaN in a listed row is NaN in the loss", "[ops]") {
  const std::size_t at = GENERATE(0U, 1U, 2U);
  std::vector<float> x = {0, 1, 2};
  x[at] = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(
      ops::cross_entropy(Variable(Tensor::from(x, {1, 3})), Labels{1}, Nodes{0}).value().item()));
}

TEST_CASE("cross_entropy: says what is wrong with labels and nodes", "[ops]") {
  const Variable x(Tensor::zeros({3, 2}));
  const Labels labels = {0, 1, 2};
  CHECK(message_of<InvalidArgument>([&] {
          (void)ops::cross_entropy(x, labels, Nodes{0, 2});
        }) == "ops::cross_entropy: label of node 2 must be in [0, c=2), got 2");
  CHECK(message_of<InvalidArgument>([&] {
          (void)ops::cross_entropy(x, labels, Nodes{0, 3});
        }) == "ops::cross_entropy: nodes[1] must be in [0, n=3), got 3");
  CHECK(message_of<InvalidArgument>([&] { (void)ops::cross_entropy(x, labels, Nodes{-1}); }) ==
        "ops::cross_entropy: nodes[0] must be in [0, n=3), got -1");
  CHECK(message_of<InvalidArgument>([&] { (void)ops::cross_entropy(x, labels, Nodes{}); }) ==
        "ops::cross_entropy: expected at least one node, got none");
  CHECK(message_of<ShapeError>([&] { (void)ops::cross_entropy(x, Labels{0}, Nodes{0}); }) ==
        "ops::cross_entropy: labels must be [n=3], got [1]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::cross_entropy(Variable(Tensor::zeros({3})), labels, Nodes{0});
        }) == "ops::cross_entropy: logits must be [n, c], got [3]");
  CHECK(message_of<ShapeError>([&] {
          (void)ops::log_softmax(Variable(Tensor::zeros({3, 0})));
        }) == "ops::log_softmax: x must have columns, got [3, 0]");
}

TEST_CASE("cross_entropy: same bits on 1, 2 and 8 threads", "[ops][property]") {
  constexpr std::int64_t kNodes = 20000;
  const Variable x = random_leaf({kNodes, 7}, 1, core::DType::f32);
  Labels labels(kNodes);
  Nodes nodes(kNodes);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<std::int32_t>(i % 7);
    nodes[i] = static_cast<std::int64_t>(i);
  }
  testing::require_same_bits_on_any_threads([&] {
    Variable a = x;
    a.zero_grad();
    const Variable loss = ops::cross_entropy(a, labels, nodes);
    backward(loss);
    const Tensor grad = a.grad();
    a.zero_grad();
    const Variable y = ops::log_softmax(a);
    backward(testing::weighted_sum(y));
    return std::vector<Tensor>{loss.value(), grad, y.value(), a.grad()};
  });
}

TEST_CASE("cross_entropy: smoothed labels have a share in every class", "[ops]") {
  // Softmax 1/4, 3/4. With smoothing 0.2 over two classes the label counts 0.9, the other one 0.1.
  const Variable x(Tensor::from<double>({0, std::log(3.0)}, {1, 2}), true);
  const Variable loss = ops::cross_entropy(x, Labels{0}, Nodes{0}, 0.2);
  CHECK(loss.value().item() == Approx(0.9 * std::log(4.0) + 0.1 * std::log(4.0 / 3)));
  backward(loss);
  CHECK(values(x.grad())[0] == Approx(0.25 - 0.9));
  CHECK(values(x.grad())[1] == Approx(0.75 - 0.1));
}

TEST_CASE("cross_entropy: derivatives with smoothed labels agree with central differences",
          "[ops][gradient]") {
  const double smoothing = GENERATE(0.1, 0.9);
  const Variable x = random_leaf({6, 5}, 1);
  testing::require_gradients(
      [&] {
        return ops::cross_entropy(x, Labels{0, 1, 2, 3, 4, 0}, Nodes{5, 2, 5, 0}, smoothing);
      },
      {{"logits", x}});
}

TEST_CASE("cross_entropy: without smoothing the bits are those of plain labels", "[ops]") {
  Variable x = random_leaf({50, 7}, 1, core::DType::f32);
  const Labels labels(50, 3);
  const Nodes nodes = {4, 7, 49};
  const Variable plain = ops::cross_entropy(x, labels, nodes);
  backward(plain);
  const Tensor grad = x.grad();
  x.zero_grad();
  const Variable smoothed = ops::cross_entropy(x, labels, nodes, 0);
  backward(smoothed);
  CHECK(testing::same_bits(smoothed.value(), plain.value()));
  CHECK(testing::same_bits(x.grad(), grad));
}

TEST_CASE("cross_entropy: without smoothing a logit of minus infinity is no harm", "[ops]") {
  const Variable x(Tensor::from<double>({0, -std::numeric_limits<double>::infinity()}, {1, 2}));
  CHECK(ops::cross_entropy(x, Labels{0}, Nodes{0}, 0).value().item() == 0);
}

TEST_CASE("cross_entropy: smoothing must be a share below one", "[ops]") {
  const double smoothing = GENERATE(-0.1, 1.0, std::numeric_limits<double>::quiet_NaN());
  const Variable x(Tensor::zeros({3, 2}));
  CHECK_THAT(message_of<InvalidArgument>([&] {
               (void)ops::cross_entropy(x, Labels{0, 1, 1}, Nodes{0}, smoothing);
             }),
             Catch::StartsWith("ops::cross_entropy: smoothing must be in [0, 1), got "));
}
