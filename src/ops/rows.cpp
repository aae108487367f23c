#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/ops/rows.hpp>

namespace attune::ops {

using autograd::Node;
using core::dispatch;
using core::Tensor;

namespace {

// Leading elements as `from` has them, zeros where it has no more.
Tensor resized(const Tensor& from, const core::Shape& shape) {
  Tensor to = Tensor::empty(shape, from.dtype());
  dispatch(from.dtype(), [&]<class T>() {
    const auto in = from.data<T>();
    const auto out = to.mutable_data<T>();
    const auto common = static_cast<std::ptrdiff_t>(std::min(in.size(), out.size()));
    std::copy(in.begin(), in.begin() + common, out.begin());
    std::fill(out.begin() + common, out.end(), T{0});
  });
  return to;
}

core::Shape with_rows(const core::Shape& shape, std::int64_t rows) {
  std::array<std::int64_t, core::Shape::kMaxRank> sizes{};
  std::ranges::copy(shape.sizes(), sizes.begin());
  sizes[0] = rows;
  return core::Shape(std::span(sizes).first(shape.sizes().size()));
}

}  // namespace

Variable first_rows(const Variable& x, std::int64_t count) {
  const core::Shape& shape = x.shape();
  if (shape.rank() == 0 || count < 0 || count > shape[0]) {
    throw ShapeError(core::text("ops::first_rows: x must have ", count, " rows at least, got ",
                                shape.to_string()));
  }
  if (count == shape[0]) {
    return x;
  }
  return autograd::record("first_rows", resized(x.value(), with_rows(shape, count)), {x},
                          [shape](Node& node, const Tensor& grad_output) {
                            node.add_grad(0, resized(grad_output, shape));
                          });
}

}  // namespace attune::ops
