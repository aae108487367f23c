#pragma once

#include <attune/autograd/variable.hpp>
#include <attune/ops/attention.hpp>

namespace attune::ops {

/// A long short-term memory over the rows of each sample. Hochreiter and Schmidhuber, "Long
/// Short-Term Memory", Neural Computation 9, 1997, with the forget gate of Gers et al., 2000. With
/// h and c zero before the first row of a sample:
///
///     (i, f, g, o) = x_t + h_{t-1} U            four blocks of columns, in this order
///     c_t          = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
///     h_t          = sigmoid(o) tanh(c_t)
///
/// where x is what the inputs give to the gates, their bias included: all of it is one product that
/// is done before. Samples advance side by side, one product a step; a sample that has ended costs
/// nothing. Memory: seven numbers a row and channel for the backward pass.
///
/// @param x         [n, 4 channels]
/// @param u         [channels, 4 channels]
/// @param segments  samples own the rows [segments[s], segments[s + 1]), one step each
/// @return          h, [n, channels]
/// @throws ShapeError       not two matrices, sizes that do not fit, or element types that differ
/// @throws InvalidArgument  segments that do not ascend from 0 to n
[[nodiscard]] Variable lstm(const Variable& x, const Variable& u, Segments segments);

}  // namespace attune::ops
