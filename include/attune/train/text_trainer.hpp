#pragma once

#include <attune/train/text_predictor.hpp>
#include <attune/train/text_problem.hpp>
#include <attune/train/validated_trainer.hpp>

namespace attune::train {

/// Fine-tuning on texts. The validation part decides which parameters are kept, by the task's own
/// metric.
class TextTrainer final : public ValidatedTrainer {
 public:
  /// What is referred to must outlive this.
  /// @param regularizer  null: none
  /// @throws InvalidArgument  an option out of its range, nothing to train on
  TextTrainer(const TextPredictor& predictor, const TextProblem& problem,
              const StepFitOptions& options, Regularizer* regularizer = nullptr);
};

}  // namespace attune::train
