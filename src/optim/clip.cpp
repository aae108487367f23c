#include <cmath>
#include <concepts>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/optim/clip.hpp>

namespace attune::optim {

using core::Tensor;
using core::text;

namespace {

constexpr std::int64_t kGrain = 16384;

// In lanes of their own, so that no addition waits for the one before.
template <std::floating_point T>
double squares_of(const T* x, std::int64_t n) {
  constexpr std::int64_t kLanes = 16;
  double sums[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const double v = x[i + lane];
      sums[lane] += v * v;
    }
  }
  double sum = 0;
  for (; i < n; ++i) {
    const double v = x[i];
    sum += v * v;
  }
  for (const double lane : sums) {
    sum += lane;
  }
  return sum;
}

double sum_of_squares(const Tensor& tensor) {
  return core::dispatch(tensor.dtype(), [&]<class T>() {
    const std::span<const T> x = tensor.data<T>();
    return core::parallel_sum(tensor.num_elements(), kGrain,
                              [&](std::int64_t begin, std::int64_t end) {
                                return squares_of(x.data() + begin, end - begin);
                              });
  });
}

void scale(Tensor& tensor, double factor) {
  core::dispatch(tensor.dtype(), [&]<class T>() {
    const std::span<T> x = tensor.mutable_data<T>();
    const T f = static_cast<T>(factor);
    core::parallel_for(tensor.num_elements(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        x[i] *= f;
      }
    });
  });
}

}  // namespace

double clip_gradient_norm(std::span<const nn::NamedParameter> parameters, double max_norm) {
  if (!(max_norm > 0)) {
    throw InvalidArgument(text("clip_gradient_norm: max_norm must be above 0, got ", max_norm));
  }
  double sum = 0;
  for (const nn::NamedParameter& parameter : parameters) {
    if (parameter.variable.grad().defined()) {
      const double squares = sum_of_squares(parameter.variable.grad());
      if (!std::isfinite(squares)) {
        throw Error(text("clip_gradient_norm: the gradient of ", parameter.name, " is not finite"));
      }
      sum += squares;
    }
  }
  const double norm = std::sqrt(sum);
  if (norm > max_norm) {
    for (const nn::NamedParameter& parameter : parameters) {
      if (parameter.variable.grad().defined()) {
        Variable variable = parameter.variable;
        Tensor& grad = variable.mutable_grad();
        if (!grad.unique()) {
          grad = grad.clone();  // two leaves of a sum may hold one tensor: scale it once for each
        }
        scale(grad, max_norm / norm);
      }
    }
  }
  return norm;
}

}  // namespace attune::optim
