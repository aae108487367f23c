#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attune::models {

/// Texts as an encoder takes them: the tokens of all of them one after another, without padding.
///
///     const TextBatch batch = pack_texts({{101, 7592, 102}, {101, 2088, 999, 102}});
struct TextBatch {
  std::vector<std::int32_t> tokens;     ///< [num_tokens]
  std::vector<std::int32_t> types;      ///< [num_tokens]: 0 in the first of two sentences, then 1
  std::vector<std::int32_t> positions;  ///< [num_tokens]: in the text, from 0
  std::vector<std::int64_t> starts;     ///< [num_texts + 1]: of each text's tokens, then the end

  /// Texts in the batch.
  [[nodiscard]] std::int64_t num_texts() const noexcept {
    return static_cast<std::int64_t>(starts.size()) - 1;
  }
  /// Tokens of all texts together.
  [[nodiscard]] std::int64_t num_tokens() const noexcept {
    return static_cast<std::int64_t>(tokens.size());
  }
};

/// @param tokens  of each text, at least one
/// @param types   of each token; empty: all 0
/// @throws InvalidArgument  a text without a token, or types that are not one a token
[[nodiscard]] TextBatch pack_texts(std::span<const std::vector<std::int32_t>> tokens,
                                   std::span<const std::vector<std::int32_t>> types = {});

/// Texts padded to one length, of which an encoder computes what is not padding. Results are those
/// of the padded batch under the mask.
struct PaddedTexts {
  std::int64_t num_texts = 0;            ///< rows
  std::int64_t length = 0;               ///< tokens a row, padding included
  std::span<const std::int32_t> tokens;  ///< [num_texts, length]
  std::span<const std::int32_t> types;   ///< the same; empty: all 0
  std::span<const std::uint8_t> mask;    ///< the same, 0 for padding; positions count from the left
};

/// @throws InvalidArgument  sizes that do not fit, or a text that is all padding
[[nodiscard]] TextBatch pack_texts(const PaddedTexts& padded);

}  // namespace attune::models
