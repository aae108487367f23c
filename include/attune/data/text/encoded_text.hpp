#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <attune/data/text/text_task.hpp>
#include <attune/data/text/tokenizer.hpp>
#include <attune/models/text_batch.hpp>

namespace attune::data {

/// A text, or two, as an encoder takes it: CLS first SEP, or CLS first SEP second SEP with the
/// token types and separators of the tokeniser's form.
struct EncodedText {
  std::vector<std::int32_t> tokens = {};  ///< [length]
  std::vector<std::int32_t> types = {};   ///< [length], 0 or 1
  bool shortened = false;                 ///< tokens were left out to fit

  /// In tokens, special ones included.
  [[nodiscard]] std::int64_t length() const noexcept {
    return static_cast<std::int64_t>(tokens.size());
  }
};

/// @param max_tokens  special ones included. Of two texts the longer one loses tokens at its end
///                    until both fit
/// @throws InvalidArgument  max_tokens leaves no room for one token of a text
[[nodiscard]] EncodedText encode_text(const Tokenizer& tokenizer, std::string_view text,
                                      std::int64_t max_tokens);
/// The same of two texts.
[[nodiscard]] EncodedText encode_pair(const Tokenizer& tokenizer, std::string_view first,
                                      std::string_view second, std::int64_t max_tokens);

/// The examples of a part, encoded.
struct EncodedExamples {
  std::vector<EncodedText> texts = {};    ///< of a choice: every ending, one example after another
  std::int64_t texts_per_example = 1;     ///< endings, the same number in each example
  std::vector<std::int32_t> labels = {};  ///< [num_examples], -1 unknown
  std::vector<float> scores = {};         ///< [num_examples] of kind score, else empty

  /// Questions, not texts.
  [[nodiscard]] std::int64_t num_examples() const noexcept {
    return static_cast<std::int64_t>(labels.size());
  }
  /// Tokens of an example, all its endings together.
  [[nodiscard]] std::int64_t length(std::int64_t example) const;
};

/// Examples in parallel, in their order.
/// @throws InvalidArgument  choices with different numbers of endings; as encode_text()
[[nodiscard]] EncodedExamples encode_examples(const Tokenizer& tokenizer, TextTaskKind kind,
                                              std::span<const TextExample> examples,
                                              std::int64_t max_tokens);

/// The texts of some examples side by side, without padding.
/// @throws InvalidArgument  no example, or one out of range
[[nodiscard]] models::TextBatch batch_of(const EncodedExamples& examples,
                                         std::span<const std::int64_t> which);

}  // namespace attune::data
