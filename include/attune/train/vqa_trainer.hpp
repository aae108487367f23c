#pragma once

#include <attune/models/mcan.hpp>
#include <attune/train/validated_trainer.hpp>
#include <attune/train/vqa_problem.hpp>

namespace attune::train {

/// Training on visual questions: vqa_loss() of the training part, with Adam where weight_decay is
/// 0. The accuracy of the validation part decides which parameters are kept.
///
///     models::Mcan model({.vocabulary = problem.vocabulary.words.size(), ...}, init);
///     AlignmentRegularizer alignment({.distance = {.kind = align::Kind::gan}});
///     VqaTrainer trainer(model, problem, {.epochs = 13, .learning_rate = 1e-3}, &alignment);
///     while (!trainer.finished()) { trainer.step(); }
///     trainer.restore_best();
class VqaTrainer final : public ValidatedTrainer {
 public:
  /// What is referred to must outlive this.
  /// @param regularizer  null: none
  /// @throws InvalidArgument  an option out of its range; a part without answers
  VqaTrainer(const models::Mcan& model, const VqaProblem& problem, const StepFitOptions& options,
             Regularizer* regularizer = nullptr);
};

}  // namespace attune::train
