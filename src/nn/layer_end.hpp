#pragma once

#include <cstdint>

#include <attune/nn/activation.hpp>
#include <attune/nn/features.hpp>

namespace attune::nn {

/// The residual path of a layer to its first num_rows nodes: x itself, or projected where the
/// widths differ and there is a weight. Sparse features that pass as they are become dense.
[[nodiscard]] Variable residual_of(const Features& x, std::int64_t num_rows,
                                   const Variable& weight);

/// What layers do last: activation(y + residual + bias). Undefined: none.
[[nodiscard]] Variable finish(Variable y, const Variable& residual, const Variable& bias,
                              Activation activation);

}  // namespace attune::nn
