#include <algorithm>
#include <utility>

#include "ops/checks.hpp"
#include "ops/loops.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/columns.hpp>

namespace attune::ops {

using autograd::Node;
using autograd::record;
using core::dispatch;
using core::Tensor;

namespace {

constexpr const char* kConcat = "ops::concat_columns";

// Columns [from_first, from_first + count) of `from` to columns [to_first, ...) of `to`.
void copy_columns(const Tensor& from, std::int64_t from_first, Tensor& to, std::int64_t to_first,
                  std::int64_t count) {
  dispatch(from.dtype(), [&]<class T>() {
    const std::int64_t from_width = from.size(1);
    const std::int64_t to_width = to.size(1);
    const T* const in = from.data<T>().data() + from_first;
    T* const out = to.mutable_data<T>().data() + to_first;
    core::parallel_for(from.size(0), row_grain(count), [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        std::copy_n(in + i * from_width, count, out + i * to_width);
      }
    });
  });
}

Tensor columns_of(const Tensor& from, std::int64_t first, std::int64_t count) {
  Tensor part = Tensor::empty({from.size(0), count}, from.dtype());
  copy_columns(from, first, part, 0, count);
  return part;
}

// grad where x, or else y, was the larger one; 0 elsewhere.
Tensor chosen_part(const Tensor& grad, const Tensor& x, const Tensor& y, bool first) {
  return dispatch(grad.dtype(), [&]<class T>() {
    Tensor part = zip<T>(x, y, [first](T a, T b) { return (a >= b) == first ? T{1} : T{0}; });
    zip_into<T>(part, grad, part, [](T mask, T g) { return mask * g; });
    return part;
  });
}

}  // namespace

Variable concat_columns(const Variable& x, const Variable& y) {
  require_rank(x.value(), 2, kConcat, "x", "[n, a]");
  require_rank(y.value(), 2, kConcat, "y", "[n, b]");
  if (x.shape()[0] != y.shape()[0]) {
    throw ShapeError(core::text(kConcat, ": x and y must have as many rows, got ",
                                x.shape().to_string(), " and ", y.shape().to_string()));
  }
  core::require_same_dtype(x.value(), y.value(), kConcat);
  const std::int64_t left = x.shape()[1];
  const std::int64_t right = y.shape()[1];
  Tensor out = Tensor::empty({x.shape()[0], left + right}, x.dtype());
  copy_columns(x.value(), 0, out, 0, left);
  copy_columns(y.value(), 0, out, left, right);
  return record("concat_columns", std::move(out), {x, y},
                [left, right](Node& node, const Tensor& grad_output) {
                  if (node.needs(0)) {
                    node.add_grad(0, columns_of(grad_output, 0, left));
                  }
                  if (node.needs(1)) {
                    node.add_grad(1, columns_of(grad_output, left, right));
                  }
                });
}

Variable maximum(const Variable& x, const Variable& y) {
  require_alike(x.value(), y.value(), "ops::maximum");
  Tensor out = dispatch(x.dtype(), [&]<class T>() {
    return zip<T>(x.value(), y.value(), [](T a, T b) { return a >= b ? a : b; });
  });
  return record("maximum", std::move(out), {x, y},
                [a = x.value(), b = y.value()](Node& node, const Tensor& grad_output) {
                  for (const int i : {0, 1}) {
                    if (node.needs(i)) {
                      node.add_grad(i, chosen_part(grad_output, a, b, i == 0));
                    }
                  }
                });
}

}  // namespace attune::ops
