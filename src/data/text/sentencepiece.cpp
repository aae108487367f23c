#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <sentencepiece_processor.h>

#include "data/quoted.hpp"
#include "data/text/albert_text.hpp"
#include "data/text/sentencepiece_guard.hpp"
#include "data/text/special_tokens.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/sentencepiece.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::string_view kBlank = "\xe2\x96\x81";  // U+2581, which stands for a blank in pieces

// SentencePiece takes time quadratic in a run of unknown characters. Texts longer than an article
// are handed over in parts, at blanks where there are any: pieces do not reach over them, so the
// tokens are the same.
constexpr std::size_t kLongText = std::size_t{1} << 15;
constexpr std::size_t kPart = std::size_t{1} << 12;

/// Length of the first part of what is left of a text.
std::size_t part_length(std::string_view rest, bool is_long) {
  if (!is_long || rest.size() <= kPart) {
    return rest.size();
  }
  const std::size_t blank = rest.rfind(' ', kPart);
  if (blank != std::string_view::npos && blank > 0) {
    return blank;
  }
  std::size_t length = kPart;
  while (length > kPart - 3 && (static_cast<unsigned char>(rest[length]) & 0xc0) == 0x80) {
    --length;  // not inside a character
  }
  return length;
}

bool ends_in_digit_and_comma(std::string_view piece) {
  return piece.size() > 1 && piece.back() == ',' && piece[piece.size() - 2] >= '0' &&
         piece[piece.size() - 2] <= '9';
}

}  // namespace

struct SentencePieceTokenizer::State {
  std::string model;
  SentencePieceOptions options;
  sentencepiece::SentencePieceProcessor processor;
  SequenceForm form;
  std::vector<std::string> pieces;

  // Some damage the library reports, other damage makes it throw.
  void load(const std::string& path) {
    std::string damage;
    try {
      const auto status = processor.LoadFromSerializedProto(model);
      if (status.ok()) {
        return;
      }
      damage = status.error_message();
    } catch (const std::exception& error) {
      damage = error.what();
    }
    throw FileError(path, text("expected a SentencePiece model, found: ", data::quoted(damage)));
  }

  State(std::string bytes, const std::string& path, const SentencePieceOptions& o)
      : model(std::move(bytes)), options(o) {
    if (const char* damage = find_sentencepiece_damage(model)) {
      throw FileError(path, text("expected a SentencePiece model, found ", damage));
    }
    load(path);
    for (int id = 0; id < processor.GetPieceSize(); ++id) {
      pieces.push_back(processor.IdToPiece(id));
    }
    try {
      form = find_special_tokens("SentencePiece model", kAlbertNames,
                                 [this](std::string_view name) { return find(name); });
    } catch (const InvalidArgument& error) {
      throw FileError(path, error.what());
    }
  }

  [[nodiscard]] std::optional<std::int32_t> find(std::string_view piece) const {
    const int id = processor.PieceToId(absl::string_view(piece.data(), piece.size()));
    const bool known = id >= 0 && id < std::ssize(pieces) && pieces[id] == piece;
    return known ? std::optional<std::int32_t>(id) : std::nullopt;
  }

  /// Cuts a part of the mapped text that begins at `start`.
  void cut(const MappedText& mapped, std::size_t start, std::string_view part, Tokens& out) const {
    const auto found =
        processor.EncodeAsImmutableProto(absl::string_view(part.data(), part.size()));
    for (std::size_t i = 0; i < found.pieces_size(); ++i) {
      const auto piece = found.pieces(static_cast<int>(i));
      const std::size_t begin = start + piece.begin();
      const std::size_t end = start + piece.end();
      if (ends_in_digit_and_comma(piece.piece()) && end > begin) {
        cut_before_comma(mapped, piece.piece(), begin, end, out);
      } else {
        out.add(static_cast<std::int32_t>(piece.id()), mapped.source_of(begin, end));
      }
    }
  }

  /// Cuts `piece` of the mapped text, that ends in a digit and a comma, before the comma.
  void cut_before_comma(const MappedText& mapped, std::string_view piece, std::size_t begin,
                        std::size_t end, Tokens& out) const {
    std::string digits(piece.substr(0, piece.size() - 1));
    for (std::size_t at = digits.find(kBlank); at != std::string::npos; at = digits.find(kBlank)) {
      digits.erase(at, kBlank.size());
    }
    const bool began_word = piece.starts_with(kBlank);
    std::vector<std::string> parts;
    processor.Encode(absl::string_view(digits), &parts).IgnoreError();
    std::size_t at = begin;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      std::string_view part = parts[i];
      const bool blank = part.starts_with(kBlank);
      if (i == 0 && blank && !began_word) {
        part.remove_prefix(kBlank.size());
        if (part.empty()) {
          continue;
        }
      }
      const std::size_t bytes = part.size() - (part.starts_with(kBlank) ? kBlank.size() : 0) +
                                (i == 0 && began_word && mapped.text[begin] == ' ' ? 1 : 0);
      const std::size_t stop = std::min(at + bytes, end - 1);
      out.add(find(part).value_or(form.unk), mapped.source_of(at, stop));
      at = stop;
    }
    out.add(find(",").value_or(form.unk), mapped.source_of(end - 1, end));
  }
};

SentencePieceTokenizer::SentencePieceTokenizer(std::string model, const std::string& path,
                                               const SentencePieceOptions& options)
    : state_(std::make_unique<State>(std::move(model), path, options)) {}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

void SentencePieceTokenizer::encode(std::string_view text, Tokens& out) const {
  constexpr std::size_t kLongest = std::size_t{1} << 30;  // SentencePiece counts bytes in 32 bits
  if (text.size() >= kLongest) {
    throw InvalidArgument(core::text("SentencePieceTokenizer: expected a text of less than ",
                                     kLongest, " bytes, got ", text.size()));
  }
  const MappedText mapped = albert_text(text, state_->options);
  const bool is_long = mapped.text.size() > kLongText;
  for (std::size_t at = 0; at < mapped.text.size();) {
    const std::string_view rest = std::string_view(mapped.text).substr(at);
    const std::size_t length = part_length(rest, is_long);
    state_->cut(mapped, at, rest.substr(0, length), out);
    at += length;
  }
}

std::string SentencePieceTokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string out;
  for (const std::int32_t id : ids) {
    std::string_view piece = token(id);
    if (is_special(state_->form, id)) {
      continue;
    }
    for (std::size_t at = piece.find(kBlank); at != std::string_view::npos;
         at = piece.find(kBlank)) {
      out += piece.substr(0, at);
      out += ' ';
      piece.remove_prefix(at + kBlank.size());
    }
    out += piece;
  }
  return out.starts_with(' ') ? out.substr(1) : out;
}

std::int64_t SentencePieceTokenizer::size() const noexcept {
  return std::ssize(state_->pieces);
}

const std::string& SentencePieceTokenizer::token(std::int32_t id) const {
  if (id < 0 || id >= size()) {
    throw InvalidArgument(
        text("SentencePieceTokenizer: id must be in [0, ", size(), "), got ", id));
  }
  return state_->pieces[static_cast<std::size_t>(id)];
}

bool SentencePieceTokenizer::continues_word(std::int32_t id) const {
  return !token(id).starts_with(kBlank);
}

const SequenceForm& SentencePieceTokenizer::form() const noexcept {
  return state_->form;
}

void SentencePieceTokenizer::save(const std::string& folder) const {
  const nlohmann::ordered_json config = {{"tokenizer_class", "AlbertTokenizer"},
                                         {"do_lower_case", state_->options.lower_case},
                                         {"remove_space", state_->options.remove_space},
                                         {"keep_accents", state_->options.keep_accents}};
  core::write_file_atomically(folder + "/spiece.model", state_->model);
  core::write_file_atomically(folder + "/tokenizer_config.json", config.dump(2) + "\n");
}

bool has_sentencepiece() noexcept {
  return true;
}

}  // namespace attune::data
