#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <attune/data/text/encoded_text.hpp>
#include <attune/data/text/tokenizer.hpp>
#include <attune/models/text_heads.hpp>
#include <attune/train/masked_language.hpp>
#include <attune/train/step_checkpoint.hpp>
#include <attune/train/step_plan.hpp>
#include <attune/train/step_trainer.hpp>

namespace attune::train {

/// How an encoder is pretrained.
struct TextPretrainingOptions {
  std::int64_t epochs = 10;      ///< over the sequences
  std::int64_t steps = 0;        ///< instead of epochs; 0: epochs
  std::int64_t batch_size = 64;  ///< sequences
  std::int64_t accumulate = 1;   ///< batches a step
  double learning_rate = 5e-4;   ///< at the end of the warm-up
  double warmup = 0.05;          ///< share of the steps, in [0, 1]
  double weight_decay = 0.01;    ///< AdamW's
  double max_gradient_norm = 1;  ///< 0: never clipped
  double mask_rate = 0.15;       ///< share of the tokens that are to be guessed
  std::int64_t eval_every = 0;   ///< steps from one validation to the next; 0: an epoch
  std::uint64_t seed = 0;        ///< of the order, the masks and dropout
};

/// How well hidden tokens are guessed.
struct GuessedTokens {
  double loss = 0;          ///< mean over the hidden tokens, natural logarithm
  double accuracy = 0;      ///< share of them that the likeliest token is right for
  std::int64_t tokens = 0;  ///< that were hidden
};

/// What a step of pretraining did.
struct PretrainingStep {
  StepReport report;                                       ///< of the step
  std::optional<GuessedTokens> validation = std::nullopt;  ///< none: it was not due
};

/// Masked language modelling (Devlin et al., NAACL 2019, arXiv 1810.04805, section 3.1, without the
/// prediction of the next sentence) that can be stopped after any step, saved, and continued to the
/// bit. Tokens are hidden anew in every epoch.
class MaskedLanguageTrainer {
 public:
  /// What is referred to must outlive this.
  /// @param sequences   to train on, at least one
  /// @param validation  to measure on, always with the same tokens hidden; may be empty
  /// @throws InvalidArgument  an option out of its range, no sequence, or a tokeniser without a
  /// mask
  MaskedLanguageTrainer(models::MaskedLanguageModel& model, const data::Tokenizer& tokenizer,
                        std::span<const data::EncodedText> sequences,
                        std::span<const data::EncodedText> validation,
                        const TextPretrainingOptions& options);

  /// Steps done.
  [[nodiscard]] std::int64_t steps() const noexcept { return trainer_.steps(); }
  /// Of the whole training.
  [[nodiscard]] std::int64_t total_steps() const noexcept { return plan_.total_steps(); }
  /// Over the sequences.
  [[nodiscard]] std::int64_t steps_per_epoch() const noexcept { return plan_.steps_per_epoch(); }
  /// All steps are done.
  [[nodiscard]] bool finished() const noexcept { return steps() >= total_steps(); }

  /// One step, and a validation where it is due.
  /// @throws InvalidArgument  it is finished
  PretrainingStep step();
  /// Guesses the hidden tokens of the validation sequences.
  [[nodiscard]] GuessedTokens validate() const;
  /// Of all steps and validations, those before a resumption included.
  [[nodiscard]] double seconds() const noexcept { return seconds_; }
  /// Evaluations so far.
  [[nodiscard]] const std::vector<StepRecord>& curve() const noexcept { return curve_; }

  /// What is to be saved. The tensors are handles.
  [[nodiscard]] StepCheckpoint checkpoint(const Settings& settings) const;
  /// Continues where `checkpoint` was taken.
  /// @throws InvalidArgument, ShapeError  it is that of another run
  void load(const StepCheckpoint& checkpoint);

 private:
  [[nodiscard]] MaskedTexts masked(std::span<const data::EncodedText> from,
                                   const std::vector<std::int64_t>& which,
                                   const core::RandomStream& random) const;
  [[nodiscard]] std::vector<StepTrainer::BatchLoss> losses();
  [[nodiscard]] std::optional<GuessedTokens> record();

  models::MaskedLanguageModel& model_;
  std::span<const data::EncodedText> sequences_;
  std::span<const data::EncodedText> validation_;
  TextPretrainingOptions options_;
  MaskingOptions masking_;
  StepPlan plan_;
  StepTrainer trainer_;
  std::vector<StepRecord> curve_;
  double loss_sum_ = 0;      // since the validation before
  std::int64_t summed_ = 0;  // steps
  double seconds_ = 0;
};

}  // namespace attune::train
