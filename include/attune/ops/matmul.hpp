#pragma once

#include <attune/autograd/variable.hpp>

namespace attune::ops {

/// Matrix product.
/// @param x  [n, k]
/// @param w  [k, m]
/// @return   [n, m]
/// @throws ShapeError  not two matrices, the inner sizes differ, or the element types do
[[nodiscard]] Variable matmul(const Variable& x, const Variable& w);

/// The bias added to every row.
/// @param x     [n, c]
/// @param bias  [c]
/// @throws ShapeError  x is not a matrix, or bias is not one number a column
/// In place where x is given away and nobody else holds it.
[[nodiscard]] Variable add_bias(Variable x, const Variable& bias);

/// add_bias(matmul(x, w), bias), to the bit, in one pass over memory.
/// @param bias  [m], or undefined: none
/// @throws as both
[[nodiscard]] Variable linear(const Variable& x, const Variable& w, const Variable& bias);

/// x w^T + bias: logits of a vocabulary from its embeddings.
/// @param x     [n, k]
/// @param w     [m, k]
/// @param bias  [m]
/// @return      [n, m]
/// @throws ShapeError  the shapes or the element types do not fit
[[nodiscard]] Variable linear_transposed(const Variable& x, const Variable& w,
                                         const Variable& bias);

}  // namespace attune::ops
