#pragma once

#include "align/selection.hpp"
#include <attune/align/clouds.hpp>
#include <attune/core/tensor.hpp>

namespace attune::align {

/// The points that take part, one row each, times the scale of their side: the tensors of the
/// clouds themselves where all do and nothing scales them.
struct Points {
  Selection selection;
  core::Tensor queries;  ///< [selected, heads, channels]
  core::Tensor keys;
};

/// @param clouds  checked
/// @throws InvalidArgument  a selected query or key is not finite; the message names the first
[[nodiscard]] Points gather_points(const Clouds& clouds, const char* who);

}  // namespace attune::align
