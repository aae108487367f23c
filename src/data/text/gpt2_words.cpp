#include "data/text/gpt2_words.hpp"

#include "data/text/unicode.hpp"

namespace attune::data {

namespace {

enum class Kind { letter, number, space, rest };

Kind kind_of(char32_t c) noexcept {
  if (c < 0x80) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter                 ? Kind::letter
           : c >= '0' && c <= '9' ? Kind::number
           : is_white_space(c)    ? Kind::space
                                  : Kind::rest;
  }
  return is_white_space(c) ? Kind::space
         : is_letter(c)    ? Kind::letter
         : is_number(c)    ? Kind::number
                           : Kind::rest;
}

/// Where the run of code points of one kind that begins at `at` ends.
std::size_t end_of_run(std::string_view text, std::size_t at, Kind kind) noexcept {
  while (at < text.size()) {
    const CodePoint c = decode_utf8(text, at);
    if (kind_of(c.value) != kind) {
      break;
    }
    at += c.length;
  }
  return at;
}

std::size_t contraction(std::string_view text) noexcept {
  for (const std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (text.starts_with(ending)) {
      return ending.size();
    }
  }
  return 0;
}

/// White space: the last character of a run before a word is left to that word.
std::size_t space_word(std::string_view text) noexcept {
  std::size_t end = 0;
  std::size_t last = 0;  // where the last character of the run begins
  while (end < text.size()) {
    const CodePoint c = decode_utf8(text, end);
    if (kind_of(c.value) != Kind::space) {
      return last > 0 ? last : end;
    }
    last = end;
    end += c.length;
  }
  return end;
}

}  // namespace

std::size_t first_gpt2_word(std::string_view text) noexcept {
  if (text.front() == '\'') {
    const std::size_t length = contraction(text);
    if (length > 0) {
      return length;
    }
  }
  const std::size_t start = text.front() == ' ' && text.size() > 1 ? 1 : 0;
  const Kind kind = kind_of(decode_utf8(text, start).value);
  return kind == Kind::space ? space_word(text) : end_of_run(text, start, kind);
}

}  // namespace attune::data
