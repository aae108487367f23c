#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <attune/core/function_ref.hpp>
#include <attune/data/text/tokenizer.hpp>
#include <attune/data/text/vocabulary.hpp>

namespace attune::data {

/// BERT's basic tokeniser (Devlin et al., NAACL 2019, arXiv 1810.04805).
struct BertWordOptions {
  bool lower_case = true;     ///< letters become small ones
  bool strip_accents = true;  ///< decompose (NFD) and drop what is of category Mn
  bool chinese_chars = true;  ///< every CJK ideograph is a word
};

/// Called with a word and, of each byte of it, the bytes of the text it comes from.
using WordVisitor = core::FunctionRef<void(std::string_view, std::span<const TextRange>)>;

/// Cuts a text into words: control characters, U+FFFD and what is not UTF-8 are dropped; white
/// space separates; every punctuation mark is a word. Of a word longer than `max_characters` the
/// visitor gets no more than max_characters + 1, the last with the range up to the word's end.
///
/// Letters are mapped one by one: a capital sigma at the end of a word is as one inside.
void for_each_bert_word(std::string_view text, const BertWordOptions& options,
                        std::int64_t max_characters, WordVisitor visit);

/// Settings of a WordPieceTokenizer.
struct WordPieceOptions {
  BertWordOptions words = {};         ///< how texts are cut into words
  std::int64_t max_characters = 100;  ///< a longer word is unknown as a whole; in [1, 10000]
};

/// WordPiece as BERT cuts words: from the left, always the longest piece that is in the vocabulary;
/// pieces inside a word are written with ## before them. A word that cannot be cut is [UNK].
class WordPieceTokenizer final : public Tokenizer {
 public:
  /// @throws InvalidArgument  the vocabulary has no [PAD], [UNK], [CLS] or [SEP]; max_characters
  /// out
  ///                          of range
  explicit WordPieceTokenizer(Vocabulary vocabulary, const WordPieceOptions& options = {});
  ~WordPieceTokenizer() override;

  using Tokenizer::encode;
  void encode(std::string_view text, Tokens& out) const override;
  /// Words with a blank between them; where the text had none is not known any more.
  [[nodiscard]] std::string decode(std::span<const std::int32_t> ids) const override;
  [[nodiscard]] std::int64_t size() const noexcept override;
  [[nodiscard]] const std::string& token(std::int32_t id) const override;
  [[nodiscard]] bool continues_word(std::int32_t id) const override;
  [[nodiscard]] const SequenceForm& form() const noexcept override;
  /// vocab.txt and tokenizer_config.json.
  void save(const std::string& folder) const override;

  /// It was made with.
  [[nodiscard]] const Vocabulary& vocabulary() const noexcept;
  /// It was made with.
  [[nodiscard]] const WordPieceOptions& options() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace attune::data
