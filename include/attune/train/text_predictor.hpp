#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <attune/models/text_heads.hpp>
#include <attune/train/pretrained_text.hpp>

namespace attune::train {

/// What a model says about a text.
enum class TextHead : std::uint8_t {
  classes,  ///< logits of the classes of one text or two
  score,    ///< a number for two texts
  choice,   ///< how well each of several endings fits
  spans,    ///< where in a passage the answer begins and ends
};

/// `classes`, `score`, `choice` or `spans`.
[[nodiscard]] std::string to_string(TextHead head);
/// @throws InvalidArgument  names what is there
[[nodiscard]] TextHead text_head(std::string_view name);

/// An encoder with the head that a task needs.
class TextPredictor {
 public:
  /// Draws the weights of all of it.
  /// @param config  sizes, and the dropout before the last map
  /// @param labels  classes; of another head it is ignored
  /// @throws InvalidArgument  as models::TextClassifier
  TextPredictor(const TextConfig& config, TextHead head, std::int64_t labels, std::uint64_t seed);

  /// @return  classes: [num_texts, labels]; score and choice: [num_texts, 1]; spans:
  ///          [num_tokens, 2]
  [[nodiscard]] Variable forward(const models::TextBatch& batch, nn::ForwardContext& ctx) const;

  /// It was made with.
  [[nodiscard]] TextHead head() const noexcept { return head_; }
  /// Encoder and head.
  [[nodiscard]] const models::TextModel& model() const noexcept;
  /// Logits a text: labels of classes, else 1.
  [[nodiscard]] std::int64_t num_labels() const noexcept { return num_labels_; }

 private:
  TextHead head_;
  std::int64_t num_labels_;
  std::unique_ptr<models::TextClassifier> classifier_;  // of all heads but spans
  std::unique_ptr<models::SpanPredictor> spans_;
};

}  // namespace attune::train
