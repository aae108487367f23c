#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/optim/clip.hpp>

using attune::Variable;
using attune::core::Tensor;
using attune::nn::NamedParameter;
using attune::optim::clip_gradient_norm;

namespace {

NamedParameter with_grad(const char* name, const std::vector<float>& grad) {
  const attune::core::Shape shape{static_cast<std::int64_t>(grad.size())};
  NamedParameter parameter{name, Variable(Tensor::zeros(shape), true)};
  parameter.variable.mutable_grad() = Tensor::from(grad, shape);
  return parameter;
}

}  // namespace

TEST_CASE("clip_gradient_norm: scales all gradients to the given joint norm", "[optim]") {
  // |(3, 0, 4)| = 5
  std::vector<NamedParameter> parameters = {with_grad("a", {3.0F, 0.0F}), with_grad("b", {4.0F})};
  parameters.push_back({"unused", Variable(Tensor::zeros({2}), true)});
  CHECK(clip_gradient_norm(parameters, 1.0) == Approx(5.0));
  CHECK(parameters[0].variable.grad().data<float>()[0] == Approx(0.6));
  CHECK(parameters[1].variable.grad().data<float>()[0] == Approx(0.8));
  CHECK_FALSE(parameters[2].variable.grad().defined());
}

TEST_CASE("clip_gradient_norm: leaves gradients within the norm alone", "[optim]") {
  const std::vector<NamedParameter> parameters = {with_grad("a", {3.0F, 4.0F})};
  CHECK(clip_gradient_norm(parameters, 5.0) == Approx(5.0));
  CHECK(parameters[0].variable.grad().data<float>()[0] == 3.0F);
}

TEST_CASE("clip_gradient_norm: a tensor shared by two gradients is scaled once for each",
          "[optim]") {
  std::vector<NamedParameter> parameters = {with_grad("a", {3.0F}), with_grad("b", {0.0F})};
  parameters[1].variable.mutable_grad() = parameters[0].variable.grad();
  clip_gradient_norm(parameters, 1.0);  // |(3, 3)| = 3 sqrt 2
  CHECK(parameters[0].variable.grad().data<float>()[0] == Approx(0.70710678));
  CHECK(parameters[1].variable.grad().data<float>()[0] == Approx(0.70710678));
}

TEST_CASE("clip_gradient_norm: same bits on 1 and 8 threads", "[optim][property]") {
  std::vector<float> grad(100'003);
  for (std::size_t i = 0; i < grad.size(); ++i) {
    grad[i] = 1.0F / static_cast<float>(i + 1);
  }
  const auto norm = [&](int threads) {
    double result = 0;
    attune::core::with_threads(threads, [&] {
      const std::vector<NamedParameter> parameters = {with_grad("a", grad)};
      result = clip_gradient_norm(parameters, 0.5);
    });
    return result;
  };
  CHECK(norm(8) == norm(1));
}

TEST_CASE("clip_gradient_norm: names the parameter whose gradient is not finite", "[optim]") {
  const std::vector<NamedParameter> parameters = {
      with_grad("layers.0.weight", {1.0F}),
      with_grad("layers.1.bias", {std::numeric_limits<float>::quiet_NaN()})};
  CHECK_THROWS_WITH(clip_gradient_norm(parameters, 1.0),
                    Catch::Matchers::Contains("layers.1.bias"));
  CHECK_THROWS_AS(clip_gradient_norm(parameters, 0.0), attune::InvalidArgument);
}
