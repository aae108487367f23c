#pragma once

#include <span>

#include <attune/autograd/variable.hpp>
#include <attune/core/tensor.hpp>
#include <attune/train/metrics.hpp>
#include <attune/train/trainer.hpp>

namespace attune::train {

/// What training minimises over the rows of a pass: cross-entropy of their classes, or the mean
/// over rows and labels of the binary cross-entropy.
/// @param smoothing  of classes, in [0, 1)
[[nodiscard]] Variable objective(const RowsPass& pass, const Variable& logits, double smoothing);

/// What early stopping looks at, of the rows of a pass.
[[nodiscard]] LossAndAccuracy validate_rows(const RowsPass& pass, const core::Tensor& logits);

/// All that is measured of some rows of a task.
[[nodiscard]] ClassificationMetrics measure_rows(const ClassificationTask& task,
                                                 const core::Tensor& logits,
                                                 std::span<const std::int64_t> rows);

}  // namespace attune::train
