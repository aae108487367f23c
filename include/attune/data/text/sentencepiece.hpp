#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <attune/data/text/tokenizer.hpp>

namespace attune::data {

/// What ALBERT does to a text before SentencePiece sees it.
struct SentencePieceOptions {
  bool remove_space = true;   ///< white space at the ends, and all but a blank of it elsewhere
  bool lower_case = true;     ///< letters become small ones
  bool keep_accents = false;  ///< false: decompose (NFKD) and drop combining characters
};

/// SentencePiece (Kudo and Richardson, EMNLP 2018, arXiv 1808.06226) as ALBERT (Lan et al., ICLR
/// 2020) uses it: `` and '' become ", and a piece that ends in a digit and a comma is cut before
/// the comma. Bytes that are not UTF-8 become U+FFFD.
class SentencePieceTokenizer final : public Tokenizer {
 public:
  /// @param model  the bytes of spiece.model
  /// @param path   for messages
  /// @throws FileError        not a model, or one without `<pad>`, `<unk>`, [CLS] or [SEP]
  /// @throws InvalidArgument  attune was built without SentencePiece
  SentencePieceTokenizer(std::string model, const std::string& path,
                         const SentencePieceOptions& options = {});
  ~SentencePieceTokenizer() override;

  using Tokenizer::encode;
  /// @throws InvalidArgument  a text of 1 GiB or more
  void encode(std::string_view text, Tokens& out) const override;
  [[nodiscard]] std::string decode(std::span<const std::int32_t> ids) const override;
  [[nodiscard]] std::int64_t size() const noexcept override;
  [[nodiscard]] const std::string& token(std::int32_t id) const override;
  [[nodiscard]] bool continues_word(std::int32_t id) const override;
  [[nodiscard]] const SequenceForm& form() const noexcept override;
  /// spiece.model and tokenizer_config.json.
  void save(const std::string& folder) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether attune was built with SentencePiece.
[[nodiscard]] bool has_sentencepiece() noexcept;

}  // namespace attune::data
