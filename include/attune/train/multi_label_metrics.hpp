#pragma once

#include <cstdint>
#include <span>

#include <attune/core/tensor.hpp>
#include <attune/train/metrics.hpp>

namespace attune::train {

/// Quality of predictions where a row may have several labels, by its decisions: a label is
/// predicted where its logit is above 0, and p = 1 / (1 + exp(-logit)). Of ClassificationMetrics
///
///     accuracy  fraction of all decisions, rows x labels, that are right
///     micro_f1  2 TP / (2 TP + FP + FN) over all decisions, 0 where that is 0 / 0; as
///               scikit-learn's f1_score(average='micro')
///     macro_f1  mean of the same ratio by label; one that is neither there nor predicted is left
///     out nll       mean over all decisions of the binary cross-entropy, natural logarithm brier
///     mean over all decisions of (p - target)^2, in [0, 1] ece       over all decisions, by the
///     probability of what was decided
///
/// and no roc_auc. The same bits on any number of threads.
///
/// @param logits   [num_rows, num_labels]
/// @param targets  [num_rows, num_labels], 0 or 1
/// @param rows     the rows that count; at least one
/// @throws ShapeError       the shapes differ, or are no matrices of float32
/// @throws InvalidArgument  no row, or one out of range; ece_bins out of range
/// @throws Error            a logit of a listed row is not finite; names row and label
[[nodiscard]] ClassificationMetrics evaluate_multi_label(const core::Tensor& logits,
                                                         const core::Tensor& targets,
                                                         std::span<const std::int64_t> rows,
                                                         const MetricsOptions& options = {});

/// What early stopping looks at: nll, and micro_f1 in the place of the accuracy. Parameters and
/// errors as above.
[[nodiscard]] LossAndAccuracy multi_label_loss_and_f1(const core::Tensor& logits,
                                                      const core::Tensor& targets,
                                                      std::span<const std::int64_t> rows);

}  // namespace attune::train
