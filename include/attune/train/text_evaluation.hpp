#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include <attune/core/tensor.hpp>
#include <attune/train/text_predictor.hpp>
#include <attune/train/text_problem.hpp>

namespace attune::train {

/// Measures by name, fractions and not percentages.
///
///     classes  accuracy, macro_f1, matthews, nll, ece, brier; of two classes f1 (of the second)
///              and, where both come, roc_auc
///     choice   accuracy, nll, ece, brier
///     score    pearson, spearman, mse
///     spans    exact, f1; where some questions have no answer also none_threshold, the difference
///              of scores that gives the best f1, with which both are
using TextMeasures = std::map<std::string, double>;

/// How to measure.
struct TextEvaluationOptions {
  std::int64_t batch_size = 32;  ///< items at a time; the measures do not depend on it
  int ece_bins = 10;             ///< of the expected calibration error
};

/// The loss of some items of a part, as it is trained on: cross-entropy, or of scores the mean
/// squared error. Rank 0.
/// @throws InvalidArgument  no item, one out of range, or one without an answer
[[nodiscard]] Variable text_loss(const TextPredictor& predictor, const TextProblemPart& part,
                                 std::span<const std::int64_t> items, nn::ForwardContext& ctx);

/// What the model says of every item, without dropout: classes [num_examples, labels]; choice
/// [num_examples, endings]; score [num_examples, 1]; spans [tokens of all windows, 2].
[[nodiscard]] core::Tensor text_outputs(const TextPredictor& predictor, const TextProblemPart& part,
                                        std::int64_t batch_size = 32);

/// Calls `take` with every question of a part and the best answer to it, in their order.
/// @param outputs  as text_outputs() gave them
void for_each_answer(
    const core::Tensor& outputs, const TextProblemPart& part,
    const data::SpanChoiceOptions& options,
    const std::function<void(const data::SpanQuestion&, const data::SpanChoice&)>& take);

/// Measures what the model says against the right answers.
/// @param outputs  as text_outputs() gave them
/// @throws InvalidArgument  the part is not labelled
[[nodiscard]] TextMeasures text_measures(const core::Tensor& outputs, const TextProblem& problem,
                                         const TextProblemPart& part,
                                         const TextEvaluationOptions& options = {});

/// Both.
[[nodiscard]] TextMeasures evaluate_text(const TextPredictor& predictor, const TextProblem& problem,
                                         const TextProblemPart& part,
                                         const TextEvaluationOptions& options = {});

/// How far queries and keys of the first texts of a part are apart: HeadMmd, mean over the texts,
/// summed over layers and heads.
/// @param median  in units of the median distance of a layer's points
/// @param items   of the part, at most
[[nodiscard]] double text_head_mmd(const TextPredictor& predictor, const TextProblemPart& part,
                                   bool median = false, std::int64_t items = 128);

}  // namespace attune::train
