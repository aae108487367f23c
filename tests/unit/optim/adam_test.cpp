#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "optim/adam_kernel.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>
#include <attune/optim/adam.hpp>

using attune::Variable;
using attune::core::DType;
using attune::core::Tensor;
using attune::nn::NamedParameter;
using attune::optim::Adam;
using attune::optim::AdamOptions;
using attune::optim::AdamParameterState;

namespace {

Variable parameter(const std::vector<double>& values) {
  return Variable(Tensor::from(values, {static_cast<std::int64_t>(values.size())}), true);
}

void set_grad(Variable& variable, const std::vector<double>& values) {
  variable.mutable_grad() = Tensor::from(values, {static_cast<std::int64_t>(values.size())});
}

void require_values(const Tensor& tensor, const std::vector<double>& expected, double tolerance) {
  const auto found = tensor.data<double>();
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(found[i] == Approx(expected[i]).epsilon(0).margin(tolerance));
  }
}

constexpr AdamOptions kOptions{.learning_rate = 0.1, .weight_decay = 0.01};

}  // namespace

// With zero moments the first update is learning_rate g / (|g| + epsilon), whatever the scale of g:
// w = [0.5, -1, 2], g = [1, -2, 0] + 0.01 w = [1.005, -2.01, 0.02] gives w -> [0.4, -0.9, 1.9]
// up to learning_rate epsilon / |g|. The later figures are those of torch.optim.Adam 1.13.1 in
// float64, where the scalars are the same: only the order of rounding may differ.
TEST_CASE("Adam: three steps with L2 decay give PyTorch's numbers", "[optim]") {
  Variable w = parameter({0.5, -1.0, 2.0});
  Adam adam({{"w", w}}, kOptions);

  set_grad(w, {1.0, -2.0, 0.0});
  adam.step();
  require_values(w.value(), {0.40000000099502486, -0.9000000004975124, 1.900000049999975}, 1e-14);
  set_grad(w, {0.5, 0.5, 0.0});
  adam.step();
  require_values(w.value(), {0.30673844839452963, -0.8525767383631013, 1.800166586688599}, 1e-14);
  set_grad(w, {-1.0, 3.0, 1e-3});
  adam.step();
  require_values(w.value(), {0.29522368148567973, -0.8842922951973283, 1.70037234287817}, 1e-14);

  const std::vector<AdamParameterState> state = adam.state();
  REQUIRE(state.size() == 1);
  CHECK(state[0].name == "w");
  CHECK(state[0].step == 3);
  require_values(state[0].first_moment,
                 {0.027071738449290044, 0.18052742326118912, 0.005230166631688575}, 1e-16);
  require_values(state[0].second_moment,
                 {0.0022556425839147035, 0.013221781843502823, 1.120902724697772e-06}, 1e-16);
}

TEST_CASE("Adam: a parameter without a gradient keeps its value and its step", "[optim]") {
  Variable w = parameter({0.5});
  Variable u = parameter({0.25});
  Adam adam({{"w", w}, {"u", u}}, kOptions);
  set_grad(w, {1.0});
  adam.step();
  adam.zero_grad();
  require_values(u.value(), {0.25}, 0);
  CHECK(adam.state()[1].step == 0);

  set_grad(w, {1.0});
  set_grad(u, {1.0});
  adam.step();
  adam.zero_grad();
  CHECK_FALSE(u.grad().defined());
  adam.step();
  // Its first update, although the second of w: the correction is that of t = 1.
  require_values(u.value(), {0.1500000009975062}, 1e-15);
  CHECK(adam.state()[0].step == 2);
  CHECK(adam.state()[1].step == 1);
}

TEST_CASE("Adam: a group has its own decay and learning rate", "[optim]") {
  Variable decayed = parameter({2.0});
  Variable free = parameter({2.0});
  Variable fast = parameter({2.0});
  Adam adam({{"decayed", decayed}}, kOptions);
  adam.add({{"free", free}}, {.weight_decay = 0.0});
  adam.add({{"fast", fast}}, {.learning_rate = 0.5});
  for (Variable* variable : {&decayed, &free, &fast}) {
    set_grad(*variable, {0.0});
  }
  adam.step();
  require_values(free.value(), {2.0}, 0);
  require_values(decayed.value(), {1.9}, 1e-6);
  require_values(fast.value(), {1.5}, 1e-6);
}

TEST_CASE("Adam: float32 follows float64", "[optim]") {
  Variable wide = parameter({0.5, -1.0, 2.0});
  Variable narrow(wide.value().to(DType::f32), true);
  Adam adam({{"wide", wide}, {"narrow", narrow}}, kOptions);
  for (int step = 0; step < 20; ++step) {
    set_grad(wide, {1.0, -0.5 * step, 0.1});
    narrow.mutable_grad() = wide.grad().to(DType::f32);
    adam.step();
  }
  const Tensor widened = narrow.value().to(DType::f64);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(widened.data<double>()[i] == Approx(wide.value().data<double>()[i]).margin(2e-6));
  }
}

// The two round differently, by a few units in the last place of each term: tolerances are ten
// times epsilon, of the largest values that take part.
TEMPLATE_TEST_CASE("Adam: the vector kernel does what the plain one does", "[optim]", float,
                   double) {
  using T = TestType;
  const attune::core::RandomStream random(5, attune::core::Purpose::initialization);
  const attune::optim::AdamCoefficients<T> c{.beta1 = T(0.9),
                                             .one_minus_beta1 = T(0.1),
                                             .beta2 = T(0.999),
                                             .one_minus_beta2 = T(0.001),
                                             .weight_decay = T(0.01),
                                             .step_size = T(0.05),
                                             .root_of_correction2 = T(0.3),
                                             .epsilon = T(1e-8)};
  const T tolerance = 10 * std::numeric_limits<T>::epsilon();
  for (const std::int64_t n : {0, 1, 3, 8, 15, 16, 17, 33, 1000}) {
    CAPTURE(n);
    // gradient, parameter, first and second moment, and one element beyond each that must stay.
    std::array<std::vector<T>, 4> fast;
    for (std::size_t a = 0; a < fast.size(); ++a) {
      for (std::int64_t i = 0; i <= n; ++i) {
        const double value = random.uniform(static_cast<std::uint64_t>(4 * i) + a);
        fast[a].push_back(static_cast<T>(a == 3 ? value : value - 0.5));
      }
    }
    std::array<std::vector<T>, 4> plain = fast;
    const std::array<std::vector<T>, 4> before = fast;
    attune::optim::adam_update(c, n, fast[0].data(), fast[1].data(), fast[2].data(),
                               fast[3].data());
    attune::optim::plain_adam_update(c, n, plain[0].data(), plain[1].data(), plain[2].data(),
                                     plain[3].data());
    for (std::size_t a = 0; a < fast.size(); ++a) {
      for (std::int64_t i = 0; i < n; ++i) {
        CHECK(std::abs(fast[a][i] - plain[a][i]) <= tolerance);
      }
      CHECK(fast[a].back() == before[a].back());
    }
    // An element's bits are the same alone.
    for (std::int64_t i = 0; i < n; ++i) {
      std::array<T, 4> one = {before[0][i], before[1][i], before[2][i], before[3][i]};
      attune::optim::adam_update(c, 1, &one[0], &one[1], &one[2], &one[3]);
      CHECK(one[1] == fast[1][i]);
    }
  }
}

TEST_CASE("Adam: same bits on 1, 2 and 8 threads", "[optim][property]") {
  constexpr std::int64_t kSize = 100'003;  // a last block that is not full
  const attune::core::RandomStream random(7, attune::core::Purpose::initialization);
  std::vector<float> start(kSize);
  std::vector<float> gradient(kSize);
  for (std::uint64_t i = 0; i < kSize; ++i) {
    start[i] = static_cast<float>(random.uniform(i) - 0.5);
    gradient[i] = static_cast<float>(random.uniform(i + kSize) - 0.5);
  }
  const auto train = [&](int threads) {
    Variable w(Tensor::from(start, {kSize}), true);
    Adam adam({{"w", w}}, kOptions);
    attune::core::with_threads(threads, [&] {
      for (int step = 0; step < 3; ++step) {
        w.mutable_grad() = Tensor::from(gradient, {kSize});
        adam.step();
      }
    });
    const auto values = w.value().data<float>();
    return std::vector<float>(values.begin(), values.end());
  };
  const std::vector<float> one = train(1);
  CHECK(train(2) == one);
  CHECK(train(8) == one);
}

TEST_CASE("Adam: continues from a saved state as if never stopped", "[optim]") {
  const auto gradient = [](int step) { return std::vector<double>{1.0 / (1 + step), -0.3 * step}; };
  Variable whole = parameter({0.5, -1.0});
  Adam adam({{"w", whole}}, kOptions);
  std::vector<AdamParameterState> saved;
  std::vector<double> saved_values;
  for (int step = 0; step < 10; ++step) {
    if (step == 6) {
      saved = adam.state();
      saved[0].first_moment = saved[0].first_moment.clone();
      saved[0].second_moment = saved[0].second_moment.clone();
      saved_values.assign(whole.value().data<double>().begin(), whole.value().data<double>().end());
    }
    set_grad(whole, gradient(step));
    adam.step();
  }
  Variable resumed = parameter(saved_values);
  Adam again({{"w", resumed}}, kOptions);
  again.load_state(saved);
  for (int step = 6; step < 10; ++step) {
    set_grad(resumed, gradient(step));
    again.step();
  }
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(resumed.value().data<double>()[i] == whole.value().data<double>()[i]);
  }
}

TEST_CASE("Adam: names what is wrong with a saved state and keeps its own", "[optim]") {
  using Catch::Matchers::Contains;
  Variable w = parameter({0.5, -1.0});
  Adam adam({{"w", w}}, kOptions);
  set_grad(w, {1.0, 1.0});
  adam.step();
  const std::vector<AdamParameterState> good = adam.state();

  CHECK_THROWS_WITH(adam.load_state({}), Contains("lacks w"));
  CHECK_THROWS_WITH(adam.load_state({good[0], good[0]}), Contains("w twice"));
  std::vector<AdamParameterState> bad = good;
  bad[0].name = std::string("v");
  CHECK_THROWS_WITH(adam.load_state(bad), Contains("v, which is no parameter"));
  bad = good;
  bad[0].step = -1;
  CHECK_THROWS_WITH(adam.load_state(bad), Contains("at least 0, got -1"));
  bad = good;
  bad[0].first_moment = Tensor::zeros({3}, DType::f64);
  CHECK_THROWS_WITH(adam.load_state(bad), Contains("first moment of w must be") && Contains("[3]"));
  bad = good;
  bad[0].second_moment = Tensor();
  CHECK_THROWS_WITH(adam.load_state(bad), Contains("second moment of w") && Contains("nothing"));
  CHECK(adam.state()[0].step == 1);
}

TEST_CASE("Adam: rejects settings outside their range", "[optim]") {
  Variable w = parameter({0.5});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<AdamOptions> bad = {
      {.learning_rate = -0.1}, {.learning_rate = nan}, {.learning_rate = infinity},
      {.beta1 = 1.0},          {.beta1 = -0.1},        {.beta2 = 1.0},
      {.beta2 = nan},          {.epsilon = -1e-8},     {.weight_decay = -1.0}};
  for (const AdamOptions& options : bad) {
    CHECK_THROWS_AS(Adam({{"w", w}}, options), attune::InvalidArgument);
  }
  CHECK_THROWS_AS(Adam({{"w", w}, {"w", w}}, kOptions), attune::InvalidArgument);
  CHECK_THROWS_AS(Adam({{"x", Variable(Tensor::zeros({1}))}}, kOptions), attune::InvalidArgument);
  CHECK_THROWS_AS(Adam({{"none", Variable()}}, kOptions), attune::InvalidArgument);

  Adam adam({{"w", w}}, kOptions);
  CHECK_THROWS_AS(adam.add({{"v", parameter({1.0})}}, {.learning_rate = nan}),
                  attune::InvalidArgument);
  CHECK_THROWS_AS(adam.add({{"v", parameter({1.0})}, {"w", parameter({1.0})}}),
                  attune::InvalidArgument);
  CHECK(adam.state().size() == 1);
  CHECK_THROWS_AS(adam.set_learning_rate(-1), attune::InvalidArgument);
}

TEST_CASE("AdamW: decay shrinks the parameter and stays out of the moments", "[optim]") {
  using attune::Variable;
  using attune::core::Tensor;
  const auto run = [](double weight_decay, double factor) {
    const Variable w(Tensor::from<double>({2, -3}, {2}), true);
    attune::optim::Adam adam(
        {{"w", w}}, {.learning_rate = 0.1, .weight_decay = weight_decay, .decoupled = true});
    Variable handle = w;
    handle.mutable_grad() = Tensor::from<double>({0.5, 0.25}, {2});
    adam.step();
    // The first step is learning_rate sign(g): both moments are corrected to g and g^2.
    CHECK(w.value().data<double>()[0] == Approx(2 * factor - 0.1).epsilon(1e-7));
    CHECK(w.value().data<double>()[1] == Approx(-3 * factor - 0.1).epsilon(1e-7));
    return adam.state().front().first_moment.clone();
  };
  const Tensor without = run(0, 1);
  const Tensor with = run(0.2, 1 - 0.1 * 0.2);
  CHECK(without.data<double>()[0] == with.data<double>()[0]);
}
