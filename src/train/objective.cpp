#include "train/objective.hpp"

#include <variant>
#include <vector>

#include <attune/nn/features.hpp>
#include <attune/ops/binary_cross_entropy.hpp>
#include <attune/ops/cross_entropy.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/rows.hpp>
#include <attune/train/multi_label_metrics.hpp>

namespace attune::train {

using core::Tensor;

namespace {

Tensor rows_of(const Tensor& matrix, std::span<const std::int64_t> rows) {
  return std::get<Variable>(nn::select_rows(nn::Features(Variable(matrix)), rows)).value();
}

Variable multi_label_loss(const RowsPass& pass, const Variable& logits) {
  const double per_label = 1.0 / static_cast<double>(pass.targets.size(1));
  // As many rows as there are: all of them, whose order means nothing to a mean.
  if (std::ssize(pass.rows) == pass.targets.size(0)) {
    return ops::scale(ops::binary_cross_entropy(logits, pass.targets), per_label);
  }
  const std::vector<std::int32_t> index(pass.rows.begin(), pass.rows.end());
  return ops::scale(
      ops::binary_cross_entropy(ops::take_rows(logits, index), rows_of(pass.targets, pass.rows)),
      per_label);
}

}  // namespace

Variable objective(const RowsPass& pass, const Variable& logits, double smoothing) {
  return pass.targets.defined() ? multi_label_loss(pass, logits)
                                : ops::cross_entropy(logits, pass.labels, pass.rows, smoothing);
}

LossAndAccuracy validate_rows(const RowsPass& pass, const Tensor& logits) {
  return pass.targets.defined() ? multi_label_loss_and_f1(logits, pass.targets, pass.rows)
                                : loss_and_accuracy(logits, pass.labels, pass.rows);
}

ClassificationMetrics measure_rows(const ClassificationTask& task, const Tensor& logits,
                                   std::span<const std::int64_t> rows) {
  return task.targets.defined() ? evaluate_multi_label(logits, task.targets, rows)
                                : evaluate_predictions(logits, task.labels, rows);
}

}  // namespace attune::train
