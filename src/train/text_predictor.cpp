#include <array>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/text_predictor.hpp>

namespace attune::train {

namespace {

struct HeadName {
  TextHead head;
  const char* name;
};
constexpr std::array<HeadName, 4> kHeads = {{{TextHead::classes, "classes"},
                                             {TextHead::score, "score"},
                                             {TextHead::choice, "choice"},
                                             {TextHead::spans, "spans"}}};

}  // namespace

std::string to_string(TextHead head) {
  for (const HeadName& known : kHeads) {
    if (known.head == head) {
      return known.name;
    }
  }
  return {};
}

TextHead text_head(std::string_view name) {
  for (const HeadName& known : kHeads) {
    if (known.name == name) {
      return known.head;
    }
  }
  throw InvalidArgument(
      core::text("text head: expected classes, score, choice or spans, got \"", name, '"'));
}

TextPredictor::TextPredictor(const TextConfig& config, TextHead head, std::int64_t labels,
                             std::uint64_t seed)
    : head_(head), num_labels_(head == TextHead::classes ? labels : 1) {
  nn::Initializer init(seed);
  if (head == TextHead::spans) {
    spans_ = std::make_unique<models::SpanPredictor>(config.encoder, init);
    return;
  }
  const models::TextClassifierOptions options{.encoder = config.encoder,
                                              .num_labels = num_labels_,
                                              .dropout = config.classifier_dropout,
                                              .pooling = head == TextHead::choice
                                                             ? models::TextPooling::pooler
                                                             : models::TextPooling::of_family};
  classifier_ = std::make_unique<models::TextClassifier>(options, init);
}

const models::TextModel& TextPredictor::model() const noexcept {
  if (spans_) {
    return *spans_;
  }
  return *classifier_;
}

Variable TextPredictor::forward(const models::TextBatch& batch, nn::ForwardContext& ctx) const {
  return spans_ ? spans_->forward(batch, ctx) : classifier_->forward(batch, ctx);
}

}  // namespace attune::train
