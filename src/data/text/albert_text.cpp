#include "data/text/albert_text.hpp"

#include <algorithm>

#include "data/text/unicode.hpp"

namespace attune::data {

namespace {

class Writer {
 public:
  explicit Writer(const SentencePieceOptions& options) : options_(options) {}

  void space(TextRange range) {
    if (!options_.remove_space) {
      append(' ', range);
    } else if (!out_.text.empty()) {
      waiting_ = true;
      blank_ = range;
    }
  }

  void take(char32_t c, TextRange range) {
    if (options_.keep_accents || c < 0x80) {
      put(c, range);
      return;
    }
    char32_t parts[32];
    const std::size_t count = decompose(c, true, parts);
    for (std::size_t i = 0; i < count; ++i) {
      if (combining_class(parts[i]) == 0) {
        put(parts[i], range);
      }
    }
  }

  [[nodiscard]] MappedText take_text() { return std::move(out_); }

 private:
  void put(char32_t c, TextRange range) {
    if (waiting_) {
      append(' ', blank_);
      waiting_ = false;
    }
    append(options_.lower_case ? lower_case(c) : c, range);
  }

  void append(char32_t c, TextRange range) {
    append_utf8(out_.text, c);
    out_.sources.resize(out_.text.size(), range);
  }

  const SentencePieceOptions& options_;
  MappedText out_;
  bool waiting_ = false;  // a blank to be written if anything follows
  TextRange blank_;
};

}  // namespace

TextRange MappedText::source_of(std::size_t begin, std::size_t end) const {
  begin = std::min(begin, sources.size());
  end = std::min(end, sources.size());
  if (begin >= end) {
    const std::int64_t at = begin < sources.size() ? sources[begin].begin
                            : sources.empty()      ? 0
                                                   : sources.back().end;
    return {.begin = at, .end = at};
  }
  return {.begin = sources[begin].begin, .end = sources[end - 1].end};
}

MappedText albert_text(std::string_view text, const SentencePieceOptions& options) {
  Writer writer(options);
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view two = text.substr(at, 2);
    const bool quotes = two == "``" || two == "''";
    const CodePoint c = quotes ? CodePoint{.value = '"', .length = 2} : decode_utf8(text, at);
    const TextRange range{.begin = static_cast<std::int64_t>(at),
                          .end = static_cast<std::int64_t>(at + c.length)};
    if (options.remove_space && is_white_space(c.value)) {
      writer.space(range);
    } else {
      writer.take(c.value, range);
    }
    at += c.length;
  }
  return writer.take_text();
}

}  // namespace attune::data
