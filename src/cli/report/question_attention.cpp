#include "cli/report/question_attention.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/vqa/question_vocabulary.hpp>
#include <attune/nn/forward_context.hpp>

namespace attune::cli {

namespace {

/// Listens to a pass of one question and one picture. A layer says first who attends to whom, then
/// how much.
class AttentionListener final : public nn::HeadSink, public nn::AttentionSink {
 public:
  /// @param encoder_layers  whose attention is of words: the first that report
  explicit AttentionListener(std::int64_t encoder_layers) : encoder_layers_(encoder_layers) {}

  void receive(const nn::AttentionHeads& heads) override {
    const bool words = std::ssize(heard_.words) < encoder_layers_;
    now_ = words ? &heard_.words : heads.cross ? &heard_.guided : &heard_.regions;
    now_->push_back({.rows = heads.queries.shape()[0],
                     .columns = heads.keys.shape()[0],
                     .heads = heads.queries.shape()[1]});
  }

  void receive(const core::Tensor& alpha) override {
    const std::span<const float> values = alpha.data<float>();
    now_->back().alpha.assign(values.begin(), values.end());
  }

  [[nodiscard]] QuestionAttention take() { return std::move(heard_); }

 private:
  std::int64_t encoder_layers_;
  QuestionAttention heard_;
  std::vector<AttentionMap>* now_ = nullptr;
};

std::size_t likeliest(std::span<const float> logits, std::int64_t id) {
  if (!std::ranges::all_of(logits, [](float logit) { return std::isfinite(logit); })) {
    throw Error(core::text("question ", id, ": the model's logits are not finite"));
  }
  return static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin());
}

}  // namespace

AnsweredQuestion answer_question(const models::Mcan& model, const train::VqaVocabulary& vocabulary,
                                 const train::VqaProblemPart& part, std::int64_t question) {
  const std::array items{question};
  const models::TextBatch words = part.questions(items);
  const autograd::NoGradScope no_grad;
  AttentionListener listener(model.options().layers);
  nn::ForwardContext ctx;
  ctx.head_sink = &listener;
  ctx.attention_sink = &listener;
  const core::Tensor logits = model.forward(words, part.images(items), ctx).value();
  const data::VqaQuestion& asked = part.source().questions[static_cast<std::size_t>(question)];
  const std::size_t best = likeliest(logits.data<float>(), asked.id);
  AnsweredQuestion out{
      .answer = vocabulary.answers.name(static_cast<std::int32_t>(best)),
      .probability = 1 / (1 + std::exp(-static_cast<double>(logits.data<float>()[best]))),
      .accuracy = part.accuracy(question, static_cast<std::int64_t>(best)),
      .words = data::question_words(asked.text),
      .attention = listener.take()};
  out.words.resize(static_cast<std::size_t>(words.num_tokens()), "(unknown)");
  return out;
}

}  // namespace attune::cli
