#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/batches.hpp>
#include <attune/ops/cross_entropy.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/ops/segment_cross_entropy.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/metrics.hpp>
#include <attune/train/text_evaluation.hpp>
#include <attune/train/text_metrics.hpp>

namespace attune::train {

using core::Tensor;
using core::text;
using Numbers = std::vector<std::int64_t>;

namespace {

Numbers counted(std::int64_t n) {
  Numbers numbers(static_cast<std::size_t>(n));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return numbers;
}

// ---- losses

Variable squared_error(const Variable& outputs, const TextProblemPart& part,
                       std::span<const std::int64_t> items) {
  Tensor scores = Tensor::empty({std::ssize(items), 1});
  const std::span<float> out = scores.mutable_data<float>();
  for (std::size_t i = 0; i < items.size(); ++i) {
    out[i] = part.examples.scores[static_cast<std::size_t>(items[i])];
  }
  const Variable apart = ops::sub(outputs, Variable(std::move(scores)));
  return ops::mean(ops::mul(apart, apart));
}

Variable span_loss(const Variable& outputs, const TextProblemPart& part,
                   const models::TextBatch& batch, std::span<const std::int64_t> items) {
  Numbers targets;
  for (const std::int64_t item : items) {
    const data::SpanWindow& window = part.windows[static_cast<std::size_t>(item)];
    targets.push_back(window.answer_begin);
    targets.push_back(window.answer_end);
  }
  return ops::segment_cross_entropy(outputs, batch.starts, targets);
}

Variable class_loss(const Variable& outputs, const TextProblemPart& part,
                    std::span<const std::int64_t> items) {
  std::vector<std::int32_t> labels;
  for (const std::int64_t item : items) {
    labels.push_back(part.examples.labels[static_cast<std::size_t>(item)]);
  }
  const Variable logits = ops::reshape(
      outputs, {std::ssize(items), outputs.value().num_elements() / std::ssize(items)});
  return ops::cross_entropy(logits, labels, counted(std::ssize(items)));
}

// ---- measures

TextMeasures class_measures(const Tensor& logits, const TextProblemPart& part, TextHead head,
                            int ece_bins) {
  const Numbers rows = counted(logits.size(0));
  const std::vector<std::int32_t>& labels = part.examples.labels;
  const ClassificationMetrics found =
      evaluate_predictions(logits, labels, rows, {.ece_bins = ece_bins});
  TextMeasures measures{
      {"accuracy", found.accuracy}, {"nll", found.nll}, {"ece", found.ece}, {"brier", found.brier}};
  if (head == TextHead::classes) {
    const ConfusionMatrix confusion = confusion_matrix(logits, labels, rows);
    measures["macro_f1"] = found.macro_f1;
    measures["matthews"] = matthews_correlation(confusion);
    if (logits.size(1) == 2) {
      measures["f1"] = f1_of_class(confusion);
    }
    if (found.roc_auc) {
      measures["roc_auc"] = *found.roc_auc;
    }
  }
  return measures;
}

TextMeasures score_measures(const Tensor& outputs, const TextProblemPart& part) {
  const std::span<const float> found = outputs.data<float>();
  const std::vector<double> mine(found.begin(), found.end());
  const std::vector<double> right(part.examples.scores.begin(), part.examples.scores.end());
  double squares = 0;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    squares += (mine[i] - right[i]) * (mine[i] - right[i]);
  }
  TextMeasures measures{{"mse", squares / static_cast<double>(mine.size())}};
  if (mine.size() > 1) {
    measures["pearson"] = pearson_correlation(mine, right);
    measures["spearman"] = spearman_correlation(mine, right);
  }
  return measures;
}

// What a question earns with an answer and without one.
struct Answered {
  AnswerScore answer;
  AnswerScore none;
  double none_lead = 0;  // of no answer over the best one
};

std::vector<Answered> answer_questions(const Tensor& outputs, const TextProblemPart& part) {
  std::vector<Answered> all;
  for_each_answer(outputs, part, {},
                  [&](const data::SpanQuestion& question, const data::SpanChoice& choice) {
                    all.push_back({.answer = score_answer(choice.answer, question.answers),
                                   .none = score_answer("", question.answers),
                                   .none_lead = choice.none_score - choice.score});
                  });
  return all;
}

// Without a threshold every question is answered; the best one is looked for as in the official
// evaluation: among the leads that come.
TextMeasures span_measures(std::vector<Answered> all, bool may_be_none) {
  const auto count = static_cast<double>(all.size());
  AnswerScore now;
  for (const Answered& one : all) {
    now.exact += one.answer.exact;
    now.f1 += one.answer.f1;
  }
  if (!may_be_none) {
    return {{"exact", now.exact / count}, {"f1", now.f1 / count}};
  }
  std::ranges::stable_sort(all, std::ranges::greater(), &Answered::none_lead);
  AnswerScore best = now;
  double threshold = all.front().none_lead;
  for (std::size_t i = 0; i < all.size(); ++i) {  // no answer to the first i + 1
    now.exact += all[i].none.exact - all[i].answer.exact;
    now.f1 += all[i].none.f1 - all[i].answer.f1;
    const bool tied = i + 1 < all.size() && all[i + 1].none_lead == all[i].none_lead;
    if (!tied && now.f1 > best.f1) {
      best = now;
      threshold = i + 1 < all.size() ? all[i + 1].none_lead : all[i].none_lead - 1;
    }
  }
  return {{"exact", best.exact / count}, {"f1", best.f1 / count}, {"none_threshold", threshold}};
}

}  // namespace

Variable text_loss(const TextPredictor& predictor, const TextProblemPart& part,
                   std::span<const std::int64_t> items, nn::ForwardContext& ctx) {
  const models::TextBatch batch = part.batch(items);
  const Variable outputs = predictor.forward(batch, ctx);
  switch (predictor.head()) {
    case TextHead::score:
      return squared_error(outputs, part, items);
    case TextHead::spans:
      return span_loss(outputs, part, batch, items);
    default:
      return class_loss(outputs, part, items);
  }
}

Tensor text_outputs(const TextPredictor& predictor, const TextProblemPart& part,
                    std::int64_t batch_size) {
  const Numbers lengths = part.lengths();
  const bool spans = predictor.head() == TextHead::spans;
  // Numbers of each item, and where its own begin.
  const std::int64_t width = predictor.num_labels() * part.examples.texts_per_example;
  Numbers starts{0};
  for (const std::int64_t length : lengths) {
    starts.push_back(starts.back() + (spans ? 2 * length : width));
  }
  Tensor all =
      spans ? Tensor::empty({starts.back() / 2, 2}) : Tensor::empty({std::ssize(lengths), width});
  const std::span<float> out = all.mutable_data<float>();
  const autograd::NoGradScope no_grad;
  for (const Numbers& items : data::plan_in_order(lengths, batch_size)) {
    nn::ForwardContext ctx;
    const Tensor found = predictor.forward(part.batch(items), ctx).value();
    auto from = found.data<float>().begin();
    for (const std::int64_t item : items) {
      const std::int64_t size =
          starts[static_cast<std::size_t>(item) + 1] - starts[static_cast<std::size_t>(item)];
      std::copy_n(from, size, out.begin() + starts[static_cast<std::size_t>(item)]);
      from += size;
    }
  }
  return all;
}

void for_each_answer(
    const Tensor& outputs, const TextProblemPart& part, const data::SpanChoiceOptions& options,
    const std::function<void(const data::SpanQuestion&, const data::SpanChoice&)>& take) {
  const data::SpanTask& task = *part.questions;
  std::size_t window = 0;
  std::size_t at = 0;
  while (window < part.windows.size()) {
    const std::int64_t number = part.windows[window].question;
    const std::size_t first = window;
    std::vector<std::span<const float>> scores;
    for (; window < part.windows.size() && part.windows[window].question == number; ++window) {
      const auto size = 2 * static_cast<std::size_t>(part.windows[window].text.length());
      scores.push_back(outputs.data<float>().subspan(at, size));
      at += size;
    }
    const data::SpanQuestion& question = task.questions[static_cast<std::size_t>(number)];
    take(question, data::choose_span(task.contexts[static_cast<std::size_t>(question.context)],
                                     std::span(part.windows).subspan(first, window - first), scores,
                                     options));
  }
}

TextMeasures text_measures(const Tensor& outputs, const TextProblem& problem,
                           const TextProblemPart& part, const TextEvaluationOptions& options) {
  if (!part.labelled) {
    throw InvalidArgument(
        text(problem.name, ": expected answers in the part ", part.name, ", found none"));
  }
  switch (problem.head) {
    case TextHead::score:
      return score_measures(outputs, part);
    case TextHead::spans:
      return span_measures(answer_questions(outputs, part), problem.may_be_none);
    default:
      return class_measures(outputs, part, problem.head, options.ece_bins);
  }
}

TextMeasures evaluate_text(const TextPredictor& predictor, const TextProblem& problem,
                           const TextProblemPart& part, const TextEvaluationOptions& options) {
  return text_measures(text_outputs(predictor, part, options.batch_size), problem, part, options);
}

double text_head_mmd(const TextPredictor& predictor, const TextProblemPart& part, bool median,
                     std::int64_t items) {
  HeadMmd mmd({.median = median});
  const autograd::NoGradScope no_grad;
  nn::ForwardContext ctx;
  ctx.head_sink = &mmd;
  (void)predictor.forward(part.batch(counted(std::min(items, part.num_items()))), ctx);
  return mmd.value();
}

}  // namespace attune::train
