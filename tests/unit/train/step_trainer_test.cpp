#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/models/text_heads.hpp>
#include <attune/ops/cross_entropy.hpp>
#include <attune/ops/elementwise.hpp>
#include <attune/ops/reductions.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/masked_language.hpp>
#include <attune/train/step_trainer.hpp>

namespace attune::testing {

using train::StepOptions;
using train::StepTrainer;

namespace {

// Texts of two classes, told apart by which of two tokens they hold somewhere.
struct Toy {
  models::TextBatch batch;
  std::vector<std::int32_t> labels;
  std::vector<std::int64_t> rows;

  explicit Toy(std::uint64_t seed, std::int64_t texts = 16) {
    const core::RandomStream random(seed, core::Purpose::sampling);
    std::vector<std::vector<std::int32_t>> tokens;
    std::uint64_t i = 0;
    for (std::int64_t text = 0; text < texts; ++text) {
      std::vector<std::int32_t> each = {1};
      const auto length = static_cast<std::size_t>(3 + random.below(i++, 6));
      while (each.size() < length) {
        each.push_back(static_cast<std::int32_t>(6 + random.below(i++, 10)));
      }
      const auto label = static_cast<std::int32_t>(random.below(i++, 2));
      each[1 + random.below(i++, length - 1)] = 3 + label;
      tokens.push_back(each);
      labels.push_back(label);
      rows.push_back(text);
    }
    batch = models::pack_texts(tokens);
  }
};

models::TextClassifierOptions small() {
  return {.encoder = {.vocabulary = 16,
                      .embedding_channels = 16,
                      .channels = 16,
                      .layers = 2,
                      .heads = 2,
                      .intermediate_channels = 32,
                      .max_positions = 12,
                      .deviation = 0.1}};
}

StepTrainer::BatchLoss loss_of(const models::TextClassifier& model, const Toy& toy) {
  return [&model, &toy](nn::ForwardContext& ctx) {
    return ops::cross_entropy(model.forward(toy.batch, ctx), toy.labels, toy.rows);
  };
}

std::vector<core::Tensor> values_of(const nn::Module& model) {
  std::vector<core::Tensor> all;
  for (const nn::NamedParameter& parameter : model.parameters()) {
    all.push_back(parameter.variable.value().clone());
  }
  return all;
}

const StepOptions kOptions{
    .total_steps = 120, .warmup_steps = 10, .learning_rate = 0.005, .seed = 3};

}  // namespace

TEST_CASE("StepTrainer: a text encoder learns to find a word", "[train]") {
  nn::Initializer init(1);
  const models::TextClassifier model(small(), init);
  StepTrainer trainer(model.parameters(), kOptions);
  double first = 0;
  double last = 0;
  for (std::int64_t step = 0; step < kOptions.total_steps; ++step) {
    const Toy toy(static_cast<std::uint64_t>(step));
    const StepTrainer::BatchLoss loss = loss_of(model, toy);
    const train::StepReport report = trainer.step({&loss, 1});
    first = step == 0 ? report.loss : first;
    last = report.loss;
    CHECK(report.learning_rate <= kOptions.learning_rate);
  }
  CHECK(first > 0.5);
  CHECK(last < 0.2);
  const Toy unseen(1000, 100);
  nn::ForwardContext evaluation;
  const std::vector<double> logits = values(model.forward(unseen.batch, evaluation).value());
  int right = 0;
  for (std::size_t i = 0; i < unseen.labels.size(); ++i) {
    right += (logits[2 * i + 1] > logits[2 * i]) == (unseen.labels[i] == 1) ? 1 : 0;
  }
  CHECK(right > 90);
}

TEST_CASE("StepTrainer: a masked language model learns the only word that follows", "[train]") {
  models::TextEncoderOptions options = small().encoder;
  options.dropout = 0;
  options.attention_dropout = 0;
  nn::Initializer init(1);
  const models::MaskedLanguageModel model(options, init);
  StepTrainer trainer(model.parameters(), {.total_steps = 200, .learning_rate = 0.01});
  const train::MaskingOptions masking{
      .share = 0.3, .mask_token = 2, .vocabulary = 16, .special = {0, 1, 2}};
  double last = 0;
  for (std::uint32_t step = 1; step <= 200; ++step) {
    std::vector<std::vector<std::int32_t>> texts;
    for (std::int32_t i = 0; i < 16; ++i) {
      const std::int32_t first = 3 + (i * 5 + static_cast<std::int32_t>(step)) % 6;
      texts.push_back({1, first, first + 6, first, first + 6});
    }
    const train::MaskedTexts masked =
        train::mask_tokens(models::pack_texts(texts), masking,
                           core::RandomStream(1, core::Purpose::sampling, 0, step));
    std::vector<std::int64_t> rows(masked.places.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = static_cast<std::int64_t>(i);
    }
    const StepTrainer::BatchLoss loss = [&](nn::ForwardContext& ctx) {
      return ops::cross_entropy(model.forward(masked.batch, masked.places, ctx), masked.labels,
                                rows);
    };
    last = trainer.step({&loss, 1}).loss;
  }
  CHECK(last < 0.5);  // of ln 16 = 2.77
}

TEST_CASE("StepTrainer: batches of one step have the gradient of one batch of all", "[train]") {
  models::TextClassifierOptions options = small();
  options.encoder.dropout = 0;
  options.encoder.attention_dropout = 0;
  options.dropout = 0;
  const auto run = [&](bool apart) {
    nn::Initializer init(1);
    const models::TextClassifier model(options, init);
    StepTrainer trainer(model.parameters(), kOptions);
    const Toy toy(5);
    const std::vector<std::int64_t> low(toy.rows.begin(), toy.rows.begin() + 8);
    const std::vector<std::int64_t> high(toy.rows.begin() + 8, toy.rows.end());
    const auto part = [&](const std::vector<std::int64_t>& rows) {
      return [&](nn::ForwardContext& ctx) {
        return ops::cross_entropy(model.forward(toy.batch, ctx), toy.labels, rows);
      };
    };
    std::vector<StepTrainer::BatchLoss> losses;
    if (apart) {
      losses = {part(low), part(high)};
    } else {
      losses = {loss_of(model, toy)};
    }
    const train::StepReport report = trainer.step(losses);
    return std::vector<double>{report.loss, report.gradient_norm};
  };
  const std::vector<double> together = run(false);
  const std::vector<double> apart = run(true);
  CHECK(apart[0] == Approx(together[0]).epsilon(1e-5));
  CHECK(apart[1] == Approx(together[1]).epsilon(1e-4));
}

TEST_CASE("StepTrainer: stopped, saved and resumed, on other threads, it ends with the same bits",
          "[train][property]") {
  const auto train_from_to = [](StepTrainer& trainer, const models::TextClassifier& model,
                                std::int64_t end) {
    while (trainer.steps() < end) {
      const Toy toy(static_cast<std::uint64_t>(trainer.steps()));
      const StepTrainer::BatchLoss loss = loss_of(model, toy);
      (void)trainer.step({&loss, 1});
    }
  };
  const auto alignment = [] {
    return train::AlignmentRegularizer(
        {.distance = {.kind = align::Kind::ct, .samples = 3}, .weight = 0.1});
  };
  std::vector<core::Tensor> whole;
  core::with_threads(1, [&] {
    nn::Initializer init(1);
    const models::TextClassifier model(small(), init);
    train::AlignmentRegularizer regularizer = alignment();
    StepTrainer trainer(model.parameters(), kOptions, &regularizer);
    train_from_to(trainer, model, 8);
    whole = values_of(model);
  });
  std::vector<core::Tensor> resumed;
  core::with_threads(3, [&] {
    nn::Initializer init(1);
    const models::TextClassifier before(small(), init);
    train::AlignmentRegularizer first = alignment();
    StepTrainer stopped(before.parameters(), kOptions, &first);
    train_from_to(stopped, before, 5);
    nn::Initializer other(2);
    const models::TextClassifier after(small(), other);
    train::AlignmentRegularizer second = alignment();
    StepTrainer trainer(after.parameters(), kOptions, &second);
    const Toy toy(0);
    trainer.prepare(loss_of(after, toy));
    trainer.load_state(stopped.state());
    train_from_to(trainer, after, 8);
    resumed = values_of(after);
  });
  REQUIRE(whole.size() == resumed.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK(same_bits(whole[i], resumed[i]));
  }
}

TEST_CASE("StepTrainer: alignment with weight 0 changes nothing", "[train][property]") {
  const auto run = [](train::Regularizer* regularizer) {
    nn::Initializer init(1);
    const models::TextClassifier model(small(), init);
    StepTrainer trainer(model.parameters(), kOptions, regularizer);
    const Toy toy(5);
    const StepTrainer::BatchLoss loss = loss_of(model, toy);
    for (int step = 0; step < 3; ++step) {
      (void)trainer.step({&loss, 1});
    }
    return values_of(model);
  };
  train::AlignmentRegularizer nothing({.distance = {.kind = align::Kind::gan}, .weight = 0});
  const std::vector<core::Tensor> with = run(&nothing);
  const std::vector<core::Tensor> without = run(nullptr);
  for (std::size_t i = 0; i < with.size(); ++i) {
    CHECK(same_bits(with[i], without[i]));
  }
}

TEST_CASE("StepTrainer: says what is wrong", "[train]") {
  nn::Initializer init(1);
  const models::TextClassifier model(small(), init);
  CHECK(message_of<InvalidArgument>([&] {
          StepTrainer trainer(model.parameters(), StepOptions{});
        }) == "LinearSchedule: total must be at least 1, got 0");
  StepTrainer trainer(model.parameters(), {.total_steps = 1});
  CHECK(message_of<InvalidArgument>([&] { (void)trainer.step({}); }) ==
        "StepTrainer::step: expected 1 to 4096 batches, got 0");
  const StepTrainer::BatchLoss bad = [](nn::ForwardContext&) {
    return Variable(core::Tensor::full({}, std::nan("")), true);
  };
  CHECK(message_of<Error>([&] {
          (void)trainer.step({&bad, 1});
        }) == "StepTrainer: the loss of step 1 is not finite");
  CHECK(message_of<InvalidArgument>([&] {
          (void)trainer.step({&bad, 1});
        }) == "StepTrainer::step: all 1 steps are done");
}

TEST_CASE("StepTrainer: a regulariser with a large gradient does not shrink the model's",
          "[train]") {
  // An adversary of its own that the model does not feel.
  class Loud final : public train::Regularizer {
   public:
    explicit Loud(double factor) : factor_(factor) {}
    std::vector<nn::NamedParameter> parameters() override { return {{"w", weight_}}; }
    void begin_step(std::uint64_t /*seed*/, std::uint32_t /*step*/) override {}
    Variable loss() override { return ops::scale(ops::sum(weight_), factor_); }
    double value() const noexcept override { return 0; }

   private:
    double factor_;
    Variable weight_{core::Tensor::full({4}, 1.0), true};
  };
  const Toy toy(1);
  std::vector<core::Tensor> found[2];
  for (const bool loud : {false, true}) {
    nn::Initializer init(1);
    const models::TextClassifier model(small(), init);
    Loud regularizer(loud ? 1e6 : 1e-6);
    StepTrainer trainer(model.parameters(), {.total_steps = 3, .learning_rate = 0.01, .epsilon = 1},
                        &regularizer);
    const StepTrainer::BatchLoss loss = loss_of(model, toy);
    for (int step = 0; step < 3; ++step) {
      (void)trainer.step({&loss, 1});
    }
    found[loud ? 1 : 0] = values_of(model);
  }
  for (std::size_t i = 0; i < found[0].size(); ++i) {
    CHECK(same_bits(found[0][i], found[1][i]));
  }
}

}  // namespace attune::testing
