#include <numeric>
#include <utility>

#include "train/step_progress.hpp"
#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/batches.hpp>
#include <attune/ops/cross_entropy.hpp>
#include <attune/train/metrics.hpp>
#include <attune/train/text_pretraining.hpp>

namespace attune::train {

using core::text;
using Numbers = std::vector<std::int64_t>;

namespace {

// Streams of Purpose::sampling: those of the batches of a step, then that of the validation.
constexpr std::uint32_t kValidationStream = 0x7d0000;
constexpr std::int64_t kValidationBatch = 64;

Numbers lengths_of(std::span<const data::EncodedText> sequences) {
  Numbers lengths;
  for (const data::EncodedText& sequence : sequences) {
    lengths.push_back(sequence.length());
  }
  return lengths;
}

Numbers counted(std::int64_t n) {
  Numbers numbers(static_cast<std::size_t>(n));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return numbers;
}

StepPlanOptions plan_options(const TextPretrainingOptions& options) {
  return {.epochs = options.epochs,
          .steps = options.steps,
          .batch_size = options.batch_size,
          .accumulate = options.accumulate,
          .seed = options.seed};
}

StepOptions step_options(const TextPretrainingOptions& options, std::int64_t total) {
  if (options.eval_every < 0) {
    throw InvalidArgument(
        text("pretraining: eval_every must be at least 0, got ", options.eval_every));
  }
  return {.total_steps = total,
          .warmup_steps = warmup_steps(options.warmup, total),
          .learning_rate = options.learning_rate,
          .weight_decay = options.weight_decay,
          .max_gradient_norm = options.max_gradient_norm,
          .seed = options.seed};
}

MaskingOptions masking_options(const data::Tokenizer& tokenizer, double rate) {
  if (!(rate > 0 && rate < 1)) {
    throw InvalidArgument(text("pretraining: mask_rate must be a share in (0, 1), got ", rate));
  }
  const data::SequenceForm& form = tokenizer.form();
  if (form.mask < 0) {
    throw InvalidArgument("pretraining: the vocabulary has no token that masks");
  }
  return {.share = rate,
          .mask_token = form.mask,
          .vocabulary = tokenizer.size(),
          .special = {form.pad, form.unk, form.cls, form.sep, form.mask}};
}

}  // namespace

MaskedLanguageTrainer::MaskedLanguageTrainer(models::MaskedLanguageModel& model,
                                             const data::Tokenizer& tokenizer,
                                             std::span<const data::EncodedText> sequences,
                                             std::span<const data::EncodedText> validation,
                                             const TextPretrainingOptions& options)
    : model_(model),
      sequences_(sequences),
      validation_(validation),
      options_(options),
      masking_(masking_options(tokenizer, options.mask_rate)),
      plan_(lengths_of(sequences), plan_options(options)),
      trainer_(model.parameters(), step_options(options, plan_.total_steps())) {}

MaskedTexts MaskedLanguageTrainer::masked(std::span<const data::EncodedText> from,
                                          const Numbers& which,
                                          const core::RandomStream& random) const {
  std::vector<std::vector<std::int32_t>> tokens;
  for (const std::int64_t i : which) {
    tokens.push_back(from[static_cast<std::size_t>(i)].tokens);
  }
  return mask_tokens(models::pack_texts(tokens), masking_, random);
}

std::vector<StepTrainer::BatchLoss> MaskedLanguageTrainer::losses() {
  const std::int64_t step = steps() + 1;
  std::vector<StepTrainer::BatchLoss> all;
  for (const Numbers& which : plan_.batches(step)) {
    const core::RandomStream random(options_.seed, core::Purpose::sampling,
                                    static_cast<std::uint32_t>(all.size()),
                                    static_cast<std::uint32_t>(step));
    all.push_back([this, texts = masked(sequences_, which, random)](nn::ForwardContext& ctx) {
      const Variable logits = model_.forward(texts.batch, texts.places, ctx);
      return ops::cross_entropy(logits, texts.labels, counted(std::ssize(texts.places)));
    });
  }
  return all;
}

PretrainingStep MaskedLanguageTrainer::step() {
  if (finished()) {
    throw InvalidArgument("MaskedLanguageTrainer::step: training is finished");
  }
  const Stopwatch watch;
  PretrainingStep done{.report = trainer_.step(losses())};
  loss_sum_ += done.report.loss;
  ++summed_;
  const std::int64_t every = options_.eval_every > 0 ? options_.eval_every : steps_per_epoch();
  if (steps() % every == 0 || finished()) {
    done.validation = record();
  }
  seconds_ += watch.seconds();
  return done;
}

std::optional<GuessedTokens> MaskedLanguageTrainer::record() {
  StepRecord point{{"step", static_cast<double>(steps())},
                   {"train_loss", loss_sum_ / static_cast<double>(summed_)}};
  std::optional<GuessedTokens> found;
  if (!validation_.empty()) {
    found = validate();
    point["loss"] = found->loss;
    point["accuracy"] = found->accuracy;
  }
  curve_.push_back(std::move(point));
  loss_sum_ = 0;
  summed_ = 0;
  return found;
}

GuessedTokens MaskedLanguageTrainer::validate() const {
  const autograd::NoGradScope no_grad;
  GuessedTokens sum;
  std::uint32_t batch = 0;
  for (const Numbers& which : data::plan_in_order(lengths_of(validation_), kValidationBatch)) {
    const core::RandomStream random(0, core::Purpose::sampling, kValidationStream, batch++);
    const MaskedTexts texts = masked(validation_, which, random);
    if (texts.places.empty()) {
      continue;
    }
    nn::ForwardContext ctx;
    const Variable logits = model_.forward(texts.batch, texts.places, ctx);
    const auto count = std::ssize(texts.places);
    const LossAndAccuracy found = loss_and_accuracy(logits.value(), texts.labels, counted(count));
    sum.loss += found.loss * static_cast<double>(count);
    sum.accuracy += found.accuracy * static_cast<double>(count);
    sum.tokens += count;
  }
  if (sum.tokens > 0) {
    sum.loss /= static_cast<double>(sum.tokens);
    sum.accuracy /= static_cast<double>(sum.tokens);
  }
  return sum;
}

StepCheckpoint MaskedLanguageTrainer::checkpoint(const Settings& settings) const {
  return {.settings = settings,
          .state = trainer_.state(),
          .best = {},
          .progress = {{"loss_sum", loss_sum_}, {"summed", summed_}, {"seconds", seconds_}},
          .curve = curve_,
          .finished = finished()};
}

void MaskedLanguageTrainer::load(const StepCheckpoint& checkpoint) {
  const auto loss_sum = progress<double>(checkpoint, "loss_sum");
  const auto summed = progress<std::int64_t>(checkpoint, "summed");
  const auto seconds = progress<double>(checkpoint, "seconds");
  trainer_.load_state(checkpoint.state);
  loss_sum_ = loss_sum;
  summed_ = summed;
  seconds_ = seconds;
  curve_ = checkpoint.curve;
}

}  // namespace attune::train
