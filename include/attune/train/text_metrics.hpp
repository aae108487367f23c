#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <attune/train/metrics.hpp>

// What tasks on texts are judged by. Fractions, not percentages.
namespace attune::train {

/// Matthews' correlation coefficient, of more than two classes as in Gorodkin, "Comparing two
/// K-category assignments by a K-category correlation coefficient", Computational Biology and
/// Chemistry 28 (2004). 0 where all examples have one class, or are predicted to have.
[[nodiscard]] double matthews_correlation(const ConfusionMatrix& matrix);

/// 2 TP / (2 TP + FP + FN) of one class; 0 where it neither comes nor is predicted.
/// @throws InvalidArgument  the class is out of range
[[nodiscard]] double f1_of_class(const ConfusionMatrix& matrix, std::int64_t positive = 1);

/// Pearson's correlation. 0 where one of the two is constant, of which nothing can be said.
/// @throws InvalidArgument  sizes that differ, fewer than two values, a value that is not finite
[[nodiscard]] double pearson_correlation(std::span<const double> x, std::span<const double> y);

/// Spearman's: Pearson's of the ranks; equal values share the mean of theirs.
/// @throws InvalidArgument  as pearson_correlation()
[[nodiscard]] double spearman_correlation(std::span<const double> x, std::span<const double> y);

/// Answers to questions about passages, as the official evaluation of SQuAD scores them.
struct AnswerScore {
  double exact = 0;  ///< 1 where it equals a right answer but for case, punctuation and articles
  double f1 = 0;     ///< of the words, the best over the right answers
};

/// @param right  the answers of the annotators; none: the question has no answer, and the empty
/// text
///               is right
[[nodiscard]] AnswerScore score_answer(std::string_view predicted,
                                       std::span<const std::string> right);

/// Mean over questions.
class AnswerScores {
 public:
  /// As score_answer().
  void add(std::string_view predicted, std::span<const std::string> right);

  /// Questions that were added.
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  /// Zeros where nothing was added.
  [[nodiscard]] AnswerScore mean() const noexcept;

 private:
  AnswerScore sum_;
  std::int64_t count_ = 0;
};

}  // namespace attune::train
