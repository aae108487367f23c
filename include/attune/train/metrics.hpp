#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <attune/core/tensor.hpp>

namespace attune::train {

/// How often class `truth` was predicted as class `predicted`.
class ConfusionMatrix {
 public:
  /// @throws InvalidArgument  num_classes outside [1, 8192]
  explicit ConfusionMatrix(std::int64_t num_classes);

  /// Counts one row.
  /// @throws InvalidArgument  a class outside [0, num_classes)
  void add(std::int64_t truth, std::int64_t predicted);

  /// Classes, counted or not.
  [[nodiscard]] std::int64_t num_classes() const noexcept { return num_classes_; }
  /// Rows of class `truth` that were predicted as `predicted`.
  /// @throws InvalidArgument  a class outside [0, num_classes)
  [[nodiscard]] std::int64_t count(std::int64_t truth, std::int64_t predicted) const;
  /// Rows counted.
  [[nodiscard]] std::int64_t total() const noexcept { return total_; }

  /// Fraction of rows that were predicted right; 0 without rows.
  [[nodiscard]] double accuracy() const noexcept;
  /// Mean over the classes of 2 TP / (2 TP + FP + FN). A class that is neither present nor
  /// predicted is left out, as scikit-learn does with the labels it sees.
  [[nodiscard]] double macro_f1() const noexcept;
  /// The same ratio over the counts of all classes together; with one label a node it is the
  /// accuracy.
  [[nodiscard]] double micro_f1() const noexcept;

 private:
  [[nodiscard]] std::size_t index(std::int64_t truth, std::int64_t predicted) const;
  [[nodiscard]] std::int64_t hits() const noexcept;

  std::int64_t num_classes_;
  std::int64_t total_ = 0;
  std::vector<std::int64_t> counts_;  // [num_classes, num_classes], truth first
};

/// Quality of a prediction over a list of rows. Fractions, not percentages.
struct ClassificationMetrics {
  double accuracy = 0;  ///< fraction of rows predicted right
  double macro_f1 = 0;  ///< ConfusionMatrix::macro_f1()
  double micro_f1 = 0;  ///< ConfusionMatrix::micro_f1()
  double nll = 0;       ///< mean of -log softmax(logits)[label], natural logarithm
  double brier = 0;     ///< mean over the rows of sum_c (p_c - [c = label])^2, in [0, 2]
  double ece = 0;       ///< expected calibration error
  /// Of two classes that both come: the probability that a row of class 1 has a larger margin
  /// logits[1] - logits[0] than one of class 0, equal ones counted half.
  std::optional<double> roc_auc = std::nullopt;
};

/// Settings of evaluate_predictions().
struct MetricsOptions {
  int ece_bins = 15;  ///< of equal width, in [1, 1000]
};

/// Mean negative log-likelihood and accuracy, all that early stopping looks at.
struct LossAndAccuracy {
  double loss = 0;      ///< mean of -log softmax(logits)[label], natural logarithm
  double accuracy = 0;  ///< fraction of rows predicted right

  /// To the bit.
  friend bool operator==(const LossAndAccuracy&, const LossAndAccuracy&) = default;
};

/// The prediction is the largest logit, the first of equal ones. Sums run over the rows in their
/// order, in double. The expected calibration error is that of Guo et al., "On Calibration of
/// Modern Neural Networks", ICML 2017, arXiv 1706.04599, eq. 3: the rows are put into bins
/// ((b-1)/B, b/B] by the probability of the predicted class, and |accuracy - mean probability| is
/// averaged over the rows.
///
/// @param logits  [num_rows, num_classes]
/// @param labels  [num_rows]
/// @param rows    the rows that count; at least one
/// @throws ShapeError       logits are not [labels.size(), num_classes >= 1]
/// @throws InvalidArgument  no row; a row or its label out of range; ece_bins out of range
/// @throws Error            a logit of a listed row is not finite; names row and class
[[nodiscard]] ClassificationMetrics evaluate_predictions(const core::Tensor& logits,
                                                         std::span<const std::int32_t> labels,
                                                         std::span<const std::int64_t> rows,
                                                         const MetricsOptions& options = {});
/// The first two of these metrics alone; parameters and errors as above.
[[nodiscard]] LossAndAccuracy loss_and_accuracy(const core::Tensor& logits,
                                                std::span<const std::int32_t> labels,
                                                std::span<const std::int64_t> rows);
/// The counts behind them; parameters and errors as above.
[[nodiscard]] ConfusionMatrix confusion_matrix(const core::Tensor& logits,
                                               std::span<const std::int32_t> labels,
                                               std::span<const std::int64_t> rows);

/// Predicted class and its probability of each listed row.
struct RowPrediction {
  std::int64_t row = 0;        ///< of the logits
  std::int32_t predicted = 0;  ///< the first of the classes with the largest logit
  double probability = 0;      ///< of that class, by softmax
};

/// @throws as evaluate_predictions
[[nodiscard]] std::vector<RowPrediction> predict_rows(const core::Tensor& logits,
                                                      std::span<const std::int64_t> rows);

}  // namespace attune::train
