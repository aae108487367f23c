#include <algorithm>
#include <unordered_map>
#include <utility>

#include <nlohmann/json.hpp>

#include "data/text/special_tokens.hpp"
#include "data/text/unicode.hpp"
#include "data/text/word_cache.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/wordpiece.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::string_view kInside = "##";  // before pieces that go on with a word
constexpr std::int64_t kMostCharacters = 10000;

}  // namespace

struct WordPieceTokenizer::State {
  Vocabulary vocabulary;
  WordPieceOptions options;
  SequenceForm form;
  // Views of the tokens of `vocabulary`, which never changes: those that begin a word, and those
  // inside one without their ##.
  std::unordered_map<std::string_view, std::int32_t> first, inside;
  std::size_t longest = 0;  // bytes of any piece
  mutable WordCache cache;

  State(Vocabulary v, const WordPieceOptions& o) : vocabulary(std::move(v)), options(o) {
    if (options.max_characters < 1 || options.max_characters > kMostCharacters) {
      throw InvalidArgument(text("WordPieceTokenizer: max_characters must be in [1, ",
                                 kMostCharacters, "], got ", options.max_characters));
    }
    form = find_special_tokens("WordPieceTokenizer", kBertNames,
                               [&](std::string_view name) { return vocabulary.find(name); });
    for (std::int32_t id = 0; id < vocabulary.size(); ++id) {
      std::string_view piece = vocabulary.token(id);
      if (piece.empty()) {
        continue;
      }
      if (piece.starts_with(kInside) && piece.size() > kInside.size()) {
        inside.emplace(piece.substr(kInside.size()), id);
      }
      first.emplace(piece, id);  // ##s too: a text may hold just that, though words never do
      longest = std::max(longest, piece.size());
    }
  }

  /// Appends the pieces of a word, or [UNK] where there is no way to cut it.
  void cut(std::string_view word, std::vector<WordPiece>& out) const {
    const std::size_t before = out.size();
    std::size_t at = 0;
    while (at < word.size()) {
      const auto& pieces = at == 0 ? first : inside;
      std::size_t length = std::min(word.size() - at, longest);
      auto found = pieces.end();
      for (; length > 0; --length) {
        found = pieces.find(word.substr(at, length));
        if (found != pieces.end()) {
          break;
        }
      }
      if (length == 0) {
        out.resize(before);
        out.push_back({.id = form.unk, .bytes = static_cast<std::int32_t>(word.size())});
        return;
      }
      out.push_back({.id = found->second, .bytes = static_cast<std::int32_t>(length)});
      at += length;
    }
  }

  void add_word(std::string_view word, std::span<const TextRange> sources,
                std::vector<WordPiece>& pieces, Tokens& out) const {
    const auto length = static_cast<std::int64_t>(word.size());
    if (length > options.max_characters && count_characters(word) > options.max_characters) {
      out.add(form.unk, {.begin = sources.front().begin, .end = sources.back().end});
      return;
    }
    pieces.clear();
    cache.pieces_of(word, pieces,
                    [this](std::string_view w, std::vector<WordPiece>& to) { cut(w, to); });
    std::size_t at = 0;
    for (const WordPiece& piece : pieces) {
      const std::size_t last = at + static_cast<std::size_t>(piece.bytes) - 1;
      out.add(piece.id, {.begin = sources[at].begin, .end = sources[last].end});
      at = last + 1;
    }
  }
};

WordPieceTokenizer::WordPieceTokenizer(Vocabulary vocabulary, const WordPieceOptions& options)
    : state_(std::make_unique<State>(std::move(vocabulary), options)) {}

WordPieceTokenizer::~WordPieceTokenizer() = default;

void WordPieceTokenizer::encode(std::string_view text, Tokens& out) const {
  std::vector<WordPiece> pieces;
  for_each_bert_word(text, state_->options.words, state_->options.max_characters,
                     [&](std::string_view word, std::span<const TextRange> sources) {
                       state_->add_word(word, sources, pieces, out);
                     });
}

std::string WordPieceTokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string out;
  for (const std::int32_t id : ids) {
    const std::string& piece = token(id);
    if (is_special(state_->form, id)) {
      continue;
    }
    if (continues_word(id)) {
      out += std::string_view(piece).substr(kInside.size());
    } else {
      out += out.empty() ? "" : " ";
      out += piece;
    }
  }
  return out;
}

std::int64_t WordPieceTokenizer::size() const noexcept {
  return state_->vocabulary.size();
}

const std::string& WordPieceTokenizer::token(std::int32_t id) const {
  return state_->vocabulary.token(id);
}

bool WordPieceTokenizer::continues_word(std::int32_t id) const {
  const std::string& piece = token(id);
  return piece.starts_with(kInside) && piece.size() > kInside.size();
}

const SequenceForm& WordPieceTokenizer::form() const noexcept {
  return state_->form;
}

const Vocabulary& WordPieceTokenizer::vocabulary() const noexcept {
  return state_->vocabulary;
}

const WordPieceOptions& WordPieceTokenizer::options() const noexcept {
  return state_->options;
}

void WordPieceTokenizer::save(const std::string& folder) const {
  const BertWordOptions& words = state_->options.words;
  const nlohmann::ordered_json config = {
      {"tokenizer_class", "BertTokenizer"},
      {"do_lower_case", words.lower_case},
      {"strip_accents", words.strip_accents},
      {"tokenize_chinese_chars", words.chinese_chars},
      {"max_input_chars_per_word", state_->options.max_characters}};
  save_vocab_txt(folder + "/vocab.txt", state_->vocabulary);
  core::write_file_atomically(folder + "/tokenizer_config.json", config.dump(2) + "\n");
}

}  // namespace attune::data
