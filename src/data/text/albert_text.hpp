#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <attune/data/text/sentencepiece.hpp>

namespace attune::data {

/// A text that was changed, and the bytes of the old one that each byte of it stands for.
struct MappedText {
  std::string text;
  std::vector<TextRange> sources;  // of each byte

  /// Of bytes [begin, end) of `text`.
  [[nodiscard]] TextRange source_of(std::size_t begin, std::size_t end) const;
};

/// What ALBERT does to a text before SentencePiece sees it.
[[nodiscard]] MappedText albert_text(std::string_view text, const SentencePieceOptions& options);

}  // namespace attune::data
