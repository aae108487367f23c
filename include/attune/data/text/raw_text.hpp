#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <attune/data/text/encoded_text.hpp>
#include <attune/data/text/text_task.hpp>
#include <attune/data/text/tokenizer.hpp>

namespace attune::data {

/// Texts to pretrain on, by document.
struct RawText {
  std::vector<std::vector<std::string>> documents = {};  ///< lines of each
  std::string sha256 = {};                               ///< of the file as it is

  /// Of all documents.
  [[nodiscard]] std::int64_t num_lines() const noexcept;
};

/// A text file: a sentence or paragraph a line, an empty line between documents. Names that end in
/// .gz are inflated.
/// @throws FileError  with the line: not UTF-8; no text at all
[[nodiscard]] RawText load_raw_text(const std::string& path);

/// Every text of a part as a document of its own, of choices with all endings.
void add_texts(RawText& raw, const TextPart& part);

/// Sequences CLS ... SEP of at most max_tokens: the lines of a document one after another, as many
/// as fit whole; a line that is longer than a sequence is cut into several.
/// @throws InvalidArgument  max_tokens below 3; no text
[[nodiscard]] std::vector<EncodedText> pack_sequences(const RawText& raw,
                                                      const Tokenizer& tokenizer,
                                                      std::int64_t max_tokens);

}  // namespace attune::data
