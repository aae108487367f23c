#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <attune/models/text_encoder.hpp>

namespace attune::models {

/// An encoder with something on top. Its parameters are `encoder.` and those of the head, which
/// have the names that each head lists.
class TextModel : public nn::Module {
 public:
  /// Below the head.
  [[nodiscard]] const TextEncoder& encoder() const noexcept { return encoder_; }

 protected:
  /// @throws InvalidArgument  as TextEncoder
  TextModel(const TextEncoderOptions& options, nn::Initializer& init);

 private:
  TextEncoder encoder_;
};

/// What is between the first token of a text and the classifier.
enum class TextPooling : std::uint8_t {
  of_family,  ///< in classification RoBERTa has a head of its own, the others the pooler
  pooler,     ///< a map of the first token and tanh; multiple choice has it in all families
};

/// Settings of a TextClassifier.
struct TextClassifierOptions {
  TextEncoderOptions encoder = {};  ///< of the encoder below
  std::int64_t num_labels = 2;      ///< 1: a number to be regressed, or the score of a choice
  double dropout = 0.1;             ///< before the last map, in training only
  TextPooling pooling = TextPooling::of_family;  ///< between the first token and the classifier
};

/// Labels, a number, or scores of choices from the first token of each text. With h that token:
///
///     logits = dropout(tanh(h W + b)) W_c + b_c
///
/// where RoBERTa's own head drops h as well. Texts that are the choices of one question are rows
/// side by side: ops::reshape(logits, {questions, choices}).
///
/// Parameters beside the encoder's: pooler or, in RoBERTa's own head, dense (W, b); classifier.
class TextClassifier final : public TextModel {
 public:
  /// @throws InvalidArgument  as TextEncoder; num_labels below 1, a dropout outside [0, 1)
  TextClassifier(const TextClassifierOptions& options, nn::Initializer& init);

  /// @return  [num_texts, num_labels]
  [[nodiscard]] Variable forward(const TextBatch& batch, nn::ForwardContext& ctx) const;

  /// It was made with.
  [[nodiscard]] const TextClassifierOptions& options() const noexcept { return options_; }

 private:
  TextClassifierOptions options_;
  nn::Linear first_token_;
  nn::Linear classifier_;
};

/// Scores of each token as the first and as the last of an answer: columns 0 and 1.
///
/// Parameters beside the encoder's: span.
class SpanPredictor final : public TextModel {
 public:
  /// @throws InvalidArgument  as TextEncoder
  SpanPredictor(const TextEncoderOptions& options, nn::Initializer& init);

  /// @return  [num_tokens, 2]
  [[nodiscard]] Variable forward(const TextBatch& batch, nn::ForwardContext& ctx) const;

 private:
  nn::Linear span_;
};

/// Logits of the vocabulary at chosen tokens, from which masked ones are guessed:
///
///     logits = LayerNorm(activation(h W + b)) E^T + b_v
///
/// E being the embeddings of the tokens. Only the rows that are asked for are computed.
///
/// Parameters beside the encoder's: dense (W, b), norm, bias (b_v) [vocabulary].
class MaskedLanguageModel final : public TextModel {
 public:
  /// @throws InvalidArgument  as TextEncoder
  MaskedLanguageModel(const TextEncoderOptions& options, nn::Initializer& init);

  /// @param tokens  places in the batch whose logits are wanted
  /// @return        [tokens.size(), vocabulary]
  /// @throws InvalidArgument  a place outside [0, num_tokens)
  [[nodiscard]] Variable forward(const TextBatch& batch, std::span<const std::int32_t> tokens,
                                 nn::ForwardContext& ctx) const;

 private:
  nn::Linear dense_;
  nn::LayerNorm norm_;
  Variable bias_;
};

}  // namespace attune::models
