#include <cmath>
#include <utility>

#include "ops/checks.hpp"
#include "ops/kernels.hpp"
#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/binary_cross_entropy.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

constexpr const char* kBinary = "ops::binary_cross_entropy";

template <class T>
void require_probabilities(const Tensor& targets) {
  const std::span<const T> t = targets.data<T>();
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!(t[i] >= 0 && t[i] <= 1)) {
      const auto columns = static_cast<std::size_t>(targets.size(1));
      throw InvalidArgument(core::text(kBinary, ": targets[", i / columns, ", ", i % columns,
                                       "] must be in [0, 1], got ", t[i]));
    }
  }
}

// log(1 + exp(x)) - t x, whichever way it does not overflow.
template <class T>
double element(T x, T t) {
  const auto logit = static_cast<double>(x);
  return std::max(logit, 0.0) + std::log1p(std::exp(-std::abs(logit))) -
         static_cast<double>(t) * logit;
}

template <class T>
Tensor derivative(const Tensor& logits, const Tensor& targets, double factor) {
  Tensor out = Tensor::empty(logits.shape(), logits.dtype());
  const T* x = logits.data<T>().data();
  const T* t = targets.data<T>().data();
  T* to = out.mutable_data<T>().data();
  core::parallel_for(logits.num_elements(), kElementGrain,
                     [=](std::int64_t begin, std::int64_t end) {
                       kernels::sigmoid<T>(x + begin, to + begin, end - begin);
                       for (std::int64_t i = begin; i < end; ++i) {
                         to[i] = static_cast<T>(factor) * (to[i] - t[i]);
                       }
                     });
  return out;
}

}  // namespace

Variable binary_cross_entropy(const Variable& logits, const Tensor& targets) {
  require_rank(logits.value(), 2, kBinary, "logits", "[n, c]");
  require_alike(logits.value(), targets, kBinary);
  if (logits.shape()[0] == 0) {
    throw ShapeError(
        core::text(kBinary, ": logits must have a row, got ", logits.shape().to_string()));
  }
  const double share = 1.0 / static_cast<double>(logits.shape()[0]);
  const double sum = dispatch(logits.dtype(), [&]<class T>() {
    require_probabilities<T>(targets);
    const T* x = logits.value().data<T>().data();
    const T* t = targets.data<T>().data();
    return core::parallel_sum(logits.value().num_elements(), kElementGrain,
                              [=](std::int64_t begin, std::int64_t end) {
                                double part = 0;
                                for (std::int64_t i = begin; i < end; ++i) {
                                  part += element(x[i], t[i]);
                                }
                                return part;
                              });
  });
  return record("binary_cross_entropy", Tensor::full({}, sum * share, logits.dtype()), {logits},
                [x = logits.value(), targets, share](Node& node, const Tensor& grad_output) {
                  node.add_grad(0, dispatch(x.dtype(), [&]<class T>() {
                                  return derivative<T>(x, targets, share * grad_output.item());
                                }));
                });
}

}  // namespace attune::ops
