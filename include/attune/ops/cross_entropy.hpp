#pragma once

#include <cstdint>
#include <span>

#include <attune/autograd/variable.hpp>

namespace attune::ops {

/// Logarithm of the softmax of every row, x - log(sum(exp(x))), safe for large logits.
/// @param x  [n, c]
/// @throws ShapeError  x is not a matrix, or has no columns
[[nodiscard]] Variable log_softmax(const Variable& x);

/// Mean of -log(softmax(logits[i])[labels[i]]) over the listed nodes i; a node listed twice counts
/// twice. Only listed rows are touched: the cost is that of the list, the gradient of other rows is
/// zero. Neither span is read after the call.
/// @param logits  [n, c]
/// @param labels  [n]; entries of nodes that are not listed may be anything
/// @param nodes   rows of logits
/// @return        rank 0
/// @throws ShapeError       logits is not a matrix, or labels not one number a row
/// @throws InvalidArgument  no node is listed; a node outside [0, n); its label outside [0, c)
[[nodiscard]] Variable cross_entropy(const Variable& logits, std::span<const std::int32_t> labels,
                                     std::span<const std::int64_t> nodes);

/// The same with smoothed labels. Szegedy et al., "Rethinking the Inception Architecture for
/// Computer Vision", CVPR 2016, arXiv 1512.00567, section 7; as PyTorch's CrossEntropyLoss: the
/// label's share of a row is 1 - smoothing, and every class, the label's included, gets
/// smoothing / c beside it.
/// @param smoothing  in [0, 1); with 0 the bits are those of the function above
/// @throws as above; InvalidArgument  smoothing outside [0, 1)
[[nodiscard]] Variable cross_entropy(const Variable& logits, std::span<const std::int32_t> labels,
                                     std::span<const std::int64_t> nodes, double smoothing);

}  // namespace attune::ops
