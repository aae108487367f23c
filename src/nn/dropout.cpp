#include "nn/checks.hpp"
#include <attune/nn/dropout.hpp>
#include <attune/ops/dropout.hpp>
#include <attune/sparse/spmm.hpp>

namespace attune::nn {

Dropout::Dropout(double p) : p_(p) {
  require_probability(p, "Dropout", "p");
}

Variable Dropout::forward(const Variable& x, ForwardContext& ctx) const {
  if (!ctx.training() || p_ == 0) {
    return x;
  }
  return ops::dropout(x, p_, ctx.next_stream());
}

Features Dropout::forward(const Features& x, ForwardContext& ctx) const {
  if (!ctx.training() || p_ == 0) {
    return x;
  }
  if (const auto* sparse = std::get_if<sparse::CsrMatrix>(&x)) {
    return sparse::dropout(*sparse, p_, ctx.next_stream());
  }
  return ops::dropout(std::get<Variable>(x), p_, ctx.next_stream());
}

}  // namespace attune::nn
