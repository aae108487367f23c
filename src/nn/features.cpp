#include <algorithm>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/nn/features.hpp>
#include <attune/ops/matmul.hpp>
#include <attune/ops/rows.hpp>
#include <attune/sparse/spmm.hpp>

namespace attune::nn {

std::int64_t num_rows(const Features& x) {
  if (const auto* sparse = std::get_if<sparse::CsrMatrix>(&x)) {
    return sparse->rows();
  }
  return std::get<Variable>(x).value().size(0);
}

std::int64_t num_channels(const Features& x) {
  if (const auto* sparse = std::get_if<sparse::CsrMatrix>(&x)) {
    return sparse->columns();
  }
  return std::get<Variable>(x).value().size(1);
}

Variable project(const Features& x, const Variable& weight) {
  return project(x, weight, num_rows(x));
}

Variable project(const Features& x, const Variable& weight, std::int64_t num_rows) {
  if (const auto* sparse = std::get_if<sparse::CsrMatrix>(&x)) {
    return sparse::spmm(*sparse, weight, num_rows);
  }
  return ops::matmul(ops::first_rows(std::get<Variable>(x), num_rows), weight);
}

Features select_rows(const Features& x, std::span<const std::int64_t> rows) {
  if (const auto* sparse = std::get_if<sparse::CsrMatrix>(&x)) {
    return sparse::select_rows(*sparse, rows);
  }
  const Variable& dense = std::get<Variable>(x);
  if (dense.requires_grad()) {
    throw InvalidArgument("select_rows: features must be a constant, got a variable");
  }
  const core::Tensor& from = dense.value();
  const std::int64_t width = from.size(1);
  core::Tensor to =
      core::Tensor::empty({static_cast<std::int64_t>(rows.size()), width}, from.dtype());
  core::dispatch(from.dtype(), [&]<class T>() {
    auto out = to.mutable_data<T>().begin();
    for (const std::int64_t row : rows) {
      if (row < 0 || row >= from.size(0)) {
        throw InvalidArgument(
            core::text("select_rows: a row must be 0 to ", from.size(0) - 1, ", got ", row));
      }
      const auto begin = from.data<T>().begin() + row * width;
      out = std::copy(begin, begin + width, out);
    }
  });
  return Variable(to);
}

}  // namespace attune::nn
