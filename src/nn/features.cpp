#include <attune/nn/features.hpp>
#include <attune/ops/matmul.hpp>
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
  if (const auto* sparse = std::get_if<sparse::CsrMatrix>(&x)) {
    return sparse::spmm(*sparse, weight);
  }
  return ops::matmul(std::get<Variable>(x), weight);
}

}  // namespace attune::nn
