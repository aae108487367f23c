#include "ops/checks.hpp"

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::ops {

void require_rank(const core::Tensor& tensor, int rank, const char* who, const char* what,
                  const char* form) {
  if (tensor.shape().rank() != rank) {
    throw ShapeError(
        core::text(who, ": ", what, " must be ", form, ", got ", tensor.shape().to_string()));
  }
}

void require_alike(const core::Tensor& x, const core::Tensor& y, const char* who) {
  if (x.shape() != y.shape()) {
    throw ShapeError(core::text(who, ": x and y must have the same shape, got ",
                                x.shape().to_string(), " and ", y.shape().to_string()));
  }
  core::require_same_dtype(x, y, who);
}

}  // namespace attune::ops
