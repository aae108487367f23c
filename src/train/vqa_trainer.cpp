#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/vqa_evaluation.hpp>
#include <attune/train/vqa_trainer.hpp>

namespace attune::train {

namespace {

StepTask task_of(const models::Mcan& model, const VqaProblem& problem) {
  for (const VqaProblemPart* part : {&problem.train, &problem.validation}) {
    if (!part->labelled()) {
      throw InvalidArgument(
          core::text("VqaTrainer: expected answers in the part ", part->name(), ", found none"));
    }
  }
  // Questions of unlike lengths are packed, not padded: any may share a batch.
  const std::vector<std::int64_t> lengths(static_cast<std::size_t>(problem.train.num_questions()),
                                          1);
  return {
      .parameters = model.parameters(),
      .lengths = lengths,
      .loss = [&](std::span<const std::int64_t> items,
                  nn::ForwardContext& ctx) { return vqa_loss(model, problem.train, items, ctx); },
      .validate = [&] { return evaluate_vqa(model, problem.validation); },
      .metric = "accuracy"};
}

}  // namespace

VqaTrainer::VqaTrainer(const models::Mcan& model, const VqaProblem& problem,
                       const StepFitOptions& options, Regularizer* regularizer)
    : ValidatedTrainer(task_of(model, problem), options, regularizer) {}

}  // namespace attune::train
