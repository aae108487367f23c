#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

/// Bytes [begin, end) of a text.
struct TextRange {
  std::int64_t begin = 0;  ///< first byte
  std::int64_t end = 0;    ///< behind the last byte

  /// The same bytes.
  friend bool operator==(const TextRange&, const TextRange&) = default;
};

/// The tokens of a text in its order.
struct Tokens {
  std::vector<std::int32_t> ids;  ///< numbers in the vocabulary
  std::vector<TextRange> ranges;  ///< the bytes that each token stands for; ascending, may be empty

  /// Drops all tokens and keeps the memory.
  void clear() {
    ids.clear();
    ranges.clear();
  }
  /// Appends a token.
  void add(std::int32_t id, TextRange range) {
    ids.push_back(id);
    ranges.push_back(range);
  }
};

/// How a model wants its sequences: CLS first SEP, or CLS first SEP second SEP. RoBERTa has two
/// separators between the parts and one token type.
struct SequenceForm {
  std::int32_t pad = 0;          ///< fills up a batch
  std::int32_t unk = 0;          ///< for what the vocabulary lacks
  std::int32_t cls = 0;          ///< opens a sequence
  std::int32_t sep = 0;          ///< ends a part
  std::int32_t mask = -1;        ///< -1 where the vocabulary has none
  int separators_between = 1;    ///< tokens `sep` between two parts
  std::int32_t second_type = 1;  ///< token type of the second part
};

/// Cuts texts into tokens of a vocabulary. Any bytes are a text: none makes a tokeniser fail or
/// crash. What looks like a special token in a text is text. Calls from several threads at once are
/// allowed, and what was cut before never changes what comes out.
class Tokenizer {
 public:
  Tokenizer() = default;
  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  /// Appends the tokens of `text` to `out`, without special ones.
  virtual void encode(std::string_view text, Tokens& out) const = 0;
  /// The text that these tokens stand for, as far as the vocabulary tells; special ones left out.
  /// @throws InvalidArgument  an id outside [0, size())
  [[nodiscard]] virtual std::string decode(std::span<const std::int32_t> ids) const = 0;

  /// Tokens in the vocabulary.
  [[nodiscard]] virtual std::int64_t size() const noexcept = 0;
  /// @throws InvalidArgument  an id outside [0, size())
  [[nodiscard]] virtual const std::string& token(std::int32_t id) const = 0;
  /// Whether the token goes on with the word of the one before it: for masking whole words.
  [[nodiscard]] virtual bool continues_word(std::int32_t id) const = 0;
  /// Special tokens and how they frame a sequence.
  [[nodiscard]] virtual const SequenceForm& form() const noexcept = 0;

  /// Writes the files that load_tokenizer() reads this tokeniser from into a folder, which exists.
  virtual void save(const std::string& folder) const = 0;

  /// The tokens of `text`, without special ones.
  [[nodiscard]] Tokens encode(std::string_view text) const {
    Tokens out;
    encode(text, out);
    return out;
  }
};

/// The tokeniser of a model from the files beside its weights, the first that is there:
///
///     vocab.txt                   WordPiece (BERT)
///     vocab.json and merges.txt   byte-level BPE (RoBERTa)
///     spiece.model                SentencePiece (ALBERT)
///     tokenizer.json              WordPiece or byte-level BPE
///
/// `do_lower_case`, `strip_accents`, `tokenize_chinese_chars`, `add_prefix_space`, `remove_space`
/// and `keep_accents` are taken from tokenizer_config.json where it has them.
/// @param path  the folder, or one of these files
/// @throws FileError  none of them; a file that is malformed or lacks a special token
[[nodiscard]] std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& path);

}  // namespace attune::data
