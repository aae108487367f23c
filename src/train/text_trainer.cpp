#include <attune/train/text_evaluation.hpp>
#include <attune/train/text_trainer.hpp>

namespace attune::train {

namespace {

StepTask task_of(const TextPredictor& predictor, const TextProblem& problem) {
  const TextProblemPart& part = problem.training();
  StepTask task{.parameters = predictor.model().parameters(),
                .lengths = part.lengths(),
                .loss = [&](std::span<const std::int64_t> items, nn::ForwardContext& ctx) {
                  return text_loss(predictor, part, items, ctx);
                }};
  if (!problem.validation.empty()) {
    task.validate = [&] {
      return evaluate_text(predictor, problem, *problem.find(problem.validation));
    };
    task.metric = problem.metric;
  }
  return task;
}

}  // namespace

TextTrainer::TextTrainer(const TextPredictor& predictor, const TextProblem& problem,
                         const StepFitOptions& options, Regularizer* regularizer)
    : ValidatedTrainer(task_of(predictor, problem), options, regularizer) {}

}  // namespace attune::train
