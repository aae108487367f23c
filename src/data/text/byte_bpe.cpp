#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "data/quoted.hpp"
#include "data/text/bpe_merger.hpp"
#include "data/text/byte_characters.hpp"
#include "data/text/gpt2_words.hpp"
#include "data/text/special_tokens.hpp"
#include "data/text/unicode.hpp"
#include "data/text/word_cache.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/byte_bpe.hpp>

namespace attune::data {

using core::text;

namespace {

// Bytes. No language has longer words, and the memory to cut one is some sixty times its length.
constexpr std::size_t kLongestWord = std::size_t{1} << 20;

}  // namespace

struct ByteBpeTokenizer::State {
  Vocabulary vocabulary;
  std::vector<BpeMerge> merges;
  ByteBpeOptions options;
  SequenceForm form;
  std::array<std::int32_t, 256> byte_ids{};  // <unk> where the vocabulary lacks the byte
  BpeMerger merger;
  mutable WordCache cache;

  State(Vocabulary v, const std::vector<BpeMerge>& m, const ByteBpeOptions& o)
      : vocabulary(std::move(v)), merges(m), options(o) {
    form = find_special_tokens("ByteBpeTokenizer", kRobertaNames,
                               [&](std::string_view name) { return vocabulary.find(name); });
    form.separators_between = 2;
    form.second_type = 0;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      byte_ids[byte] = vocabulary.find(byte_characters()[byte]).value_or(form.unk);
    }
    for (const BpeMerge& merge : merges) {
      merger.add(required(merge.first, merge), required(merge.second, merge),
                 required(merge.first + merge.second, merge));
    }
  }

  [[nodiscard]] std::int32_t required(const std::string& token, const BpeMerge& merge) const {
    const auto id = vocabulary.find(token);
    if (!id) {
      throw InvalidArgument(text("ByteBpeTokenizer: merge of ", data::quoted(merge.first), " and ",
                                 data::quoted(merge.second), ": expected ", data::quoted(token),
                                 " in the vocabulary, found none"));
    }
    return *id;
  }

  void cut(std::string_view word, std::vector<WordPiece>& out) const {
    std::vector<BpePiece> pieces;
    pieces.reserve(word.size());
    for (const char c : word) {
      pieces.push_back({.id = byte_ids[static_cast<unsigned char>(c)], .bytes = 1});
    }
    merger.merge(pieces);
    for (const BpePiece& piece : pieces) {
      out.push_back({.id = piece.id, .bytes = piece.bytes});
    }
  }

  void cut_cached(std::string_view word, std::vector<WordPiece>& out) const {
    out.clear();
    cache.pieces_of(word, out,
                    [this](std::string_view w, std::vector<WordPiece>& to) { cut(w, to); });
  }
};

ByteBpeTokenizer::ByteBpeTokenizer(Vocabulary vocabulary, const std::vector<BpeMerge>& merges,
                                   const ByteBpeOptions& options)
    : state_(std::make_unique<State>(std::move(vocabulary), merges, options)) {}

ByteBpeTokenizer::~ByteBpeTokenizer() = default;

void ByteBpeTokenizer::encode(std::string_view text, Tokens& out) const {
  std::string prefixed;
  std::int64_t added = 0;  // bytes that are not in the text
  if (state_->options.add_prefix_space && !text.empty() &&
      !is_white_space(decode_utf8(text, 0).value)) {
    prefixed.push_back(' ');
    prefixed += text;
    text = prefixed;
    added = 1;
  }
  std::vector<WordPiece> pieces;
  std::int64_t begin = -added;
  while (!text.empty()) {
    const std::size_t length = std::min(first_gpt2_word(text), kLongestWord);
    state_->cut_cached(text.substr(0, length), pieces);
    for (const WordPiece& piece : pieces) {
      const std::int64_t end = begin + piece.bytes;
      out.add(piece.id, {.begin = std::max<std::int64_t>(begin, 0), .end = end});
      begin = end;
    }
    text.remove_prefix(length);
  }
}

std::string ByteBpeTokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string out;
  for (const std::int32_t id : ids) {
    const std::string& written = token(id);
    if (!is_special(state_->form, id)) {
      out += bytes_from_characters(written).value_or(written);
    }
  }
  return out;
}

std::int64_t ByteBpeTokenizer::size() const noexcept {
  return state_->vocabulary.size();
}

const std::string& ByteBpeTokenizer::token(std::int32_t id) const {
  return state_->vocabulary.token(id);
}

bool ByteBpeTokenizer::continues_word(std::int32_t id) const {
  return !token(id).starts_with(byte_characters()[static_cast<unsigned char>(' ')]);
}

const SequenceForm& ByteBpeTokenizer::form() const noexcept {
  return state_->form;
}

void ByteBpeTokenizer::save(const std::string& folder) const {
  nlohmann::ordered_json vocabulary = nlohmann::ordered_json::object();
  for (std::int32_t id = 0; id < state_->vocabulary.size(); ++id) {
    vocabulary[state_->vocabulary.token(id)] = id;
  }
  std::string merges = "#version: 0.2\n";
  for (const BpeMerge& merge : state_->merges) {
    merges += text(merge.first, " ", merge.second, "\n");
  }
  const nlohmann::ordered_json config = {{"tokenizer_class", "RobertaTokenizer"},
                                         {"add_prefix_space", state_->options.add_prefix_space}};
  core::write_file_atomically(folder + "/vocab.json", vocabulary.dump() + "\n");
  core::write_file_atomically(folder + "/merges.txt", merges);
  core::write_file_atomically(folder + "/tokenizer_config.json", config.dump(2) + "\n");
}

std::vector<BpeMerge> load_merges(const std::string& path) {
  constexpr std::int64_t kMaxFileBytes = std::int64_t{256} << 20;
  const std::string bytes = core::read_file(path, kMaxFileBytes);
  std::vector<BpeMerge> merges;
  std::string_view rest = bytes;
  for (std::int64_t number = 1; !rest.empty(); ++number) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (line.empty() || (number == 1 && line.starts_with("#version"))) {
      continue;
    }
    const std::size_t blank = line.find(' ');
    if (blank == 0 || blank == line.size() - 1 || blank == std::string_view::npos ||
        line.find(' ', blank + 1) != std::string_view::npos) {
      throw FileError(
          path, number,
          text("expected two tokens with a blank between them, found ", data::quoted(line)));
    }
    merges.emplace_back(line.substr(0, blank), line.substr(blank + 1));
  }
  return merges;
}

}  // namespace attune::data
