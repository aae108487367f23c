#include <attune/nn/features.hpp>

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

}  // namespace attune::nn
