#pragma once

#include <cstdint>
#include <span>

#include <attune/autograd/variable.hpp>
#include <attune/ops/attention.hpp>

namespace attune::ops {

/// Cross-entropy of choosing one row out of each sample, for each column apart: mean over samples s
/// and columns c of -log(softmax over the rows of s of logits[:, c])[target]. It trains the first
/// and the last token of an answer.
/// @param logits    [n, c]
/// @param segments  samples own the rows [segments[s], segments[s + 1])
/// @param targets   [samples, c]: rows counted from the first of the sample
/// @return          rank 0
/// @throws ShapeError       logits is not a matrix, or targets not c a sample
/// @throws InvalidArgument  segments that do not ascend from 0 to n, no samples or columns, or a
///                          target outside its sample
[[nodiscard]] Variable segment_cross_entropy(const Variable& logits, Segments segments,
                                             std::span<const std::int64_t> targets);

}  // namespace attune::ops
