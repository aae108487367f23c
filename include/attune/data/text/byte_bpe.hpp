#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <attune/data/text/tokenizer.hpp>
#include <attune/data/text/vocabulary.hpp>

namespace attune::data {

/// Settings of a ByteBpeTokenizer.
struct ByteBpeOptions {
  bool add_prefix_space = false;  ///< cut a text that does not begin with white space as if it did
};

/// Two tokens that become one; the first of the list first.
using BpeMerge = std::pair<std::string, std::string>;

/// Byte-level byte-pair encoding as in GPT-2 and RoBERTa (Liu et al., arXiv 1907.11692). A text is
/// split into words by GPT-2's rule, each with the blank before it; the bytes of a word are joined
/// by the list of merges. A word of more than 1 MiB is several. Every text, UTF-8 or not, comes
/// back from decode() as it was.
class ByteBpeTokenizer final : public Tokenizer {
 public:
  /// @param vocabulary  tokens in which each byte is written as one printable character
  /// @throws InvalidArgument  the vocabulary has no `<s>`, `</s>`, `<pad>` or `<unk>`, or lacks a
  /// part of a
  ///                          merge, or what it makes
  ByteBpeTokenizer(Vocabulary vocabulary, const std::vector<BpeMerge>& merges,
                   const ByteBpeOptions& options = {});
  ~ByteBpeTokenizer() override;

  using Tokenizer::encode;
  void encode(std::string_view text, Tokens& out) const override;
  [[nodiscard]] std::string decode(std::span<const std::int32_t> ids) const override;
  [[nodiscard]] std::int64_t size() const noexcept override;
  [[nodiscard]] const std::string& token(std::int32_t id) const override;
  /// Of tokens that do not begin with a blank.
  [[nodiscard]] bool continues_word(std::int32_t id) const override;
  [[nodiscard]] const SequenceForm& form() const noexcept override;
  /// vocab.json, merges.txt and tokenizer_config.json.
  void save(const std::string& folder) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// merges.txt: two tokens a line with a blank between them, after a heading that begins with
/// `#version`.
/// @throws FileError  with the line: not two tokens
[[nodiscard]] std::vector<BpeMerge> load_merges(const std::string& path);

}  // namespace attune::data
