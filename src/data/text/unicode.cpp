#include "data/text/unicode.hpp"

#include <algorithm>

#include <utf8proc.h>

namespace attune::data {

namespace {

constexpr bool is_continuation(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

utf8proc_category_t category(char32_t c) noexcept {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

/// Bytes of the sequence that `first` announces and the smallest code point that needs so many.
struct Announced {
  std::size_t length;
  char32_t smallest;
};

Announced announced(unsigned char first) noexcept {
  if (first < 0xc2) {
    return {0, 0};
  }
  return first < 0xe0   ? Announced{2, 0x80}
         : first < 0xf0 ? Announced{3, 0x800}
         : first < 0xf5 ? Announced{4, 0x10000}
                        : Announced{0, 0};
}

}  // namespace

CodePoint decode_utf8(std::string_view bytes, std::size_t at) noexcept {
  const auto first = static_cast<unsigned char>(bytes[at]);
  if (first < 0x80) {
    return {first, 1};
  }
  const auto [length, smallest] = announced(first);
  if (length == 0 || length > bytes.size() - at) {
    return {kReplacement, 1};
  }
  char32_t c = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(bytes[at + i]);
    if (!is_continuation(next)) {
      return {kReplacement, 1};
    }
    c = c << 6 | (next & 0x3fU);
  }
  if (c < smallest || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
    return {kReplacement, 1};
  }
  return {c, length};
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  const char32_t mark = 0xf00U >> (more + 1) & 0xffU;  // 110..., 1110..., 11110...
  out += static_cast<char>(mark | c >> (6 * more));
  for (int i = more - 1; i >= 0; --i) {
    out += static_cast<char>(0x80U | (c >> (6 * i) & 0x3fU));
  }
}

std::size_t find_invalid_utf8(std::string_view bytes) noexcept {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const CodePoint c = decode_utf8(bytes, at);
    if (c.value == kReplacement && c.length == 1) {
      return at;
    }
    at += c.length;
  }
  return std::string_view::npos;
}

std::int64_t count_characters(std::string_view text) noexcept {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return !is_continuation(static_cast<unsigned char>(c)); });
}

std::string utf8_from_latin1(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    append_utf8(out, static_cast<unsigned char>(c));
  }
  return out;
}

bool is_white_space(char32_t c) noexcept {
  return c == ' ' || (c >= 0x9 && c <= 0xd) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

bool is_letter(char32_t c) noexcept {
  const utf8proc_category_t of = category(c);
  return of >= UTF8PROC_CATEGORY_LU && of <= UTF8PROC_CATEGORY_LO;
}

bool is_number(char32_t c) noexcept {
  const utf8proc_category_t of = category(c);
  return of >= UTF8PROC_CATEGORY_ND && of <= UTF8PROC_CATEGORY_NO;
}

bool is_punctuation(char32_t c) noexcept {
  const utf8proc_category_t of = category(c);
  return of >= UTF8PROC_CATEGORY_PC && of <= UTF8PROC_CATEGORY_PO;
}

bool is_other(char32_t c) noexcept {
  const utf8proc_category_t of = category(c);
  return of == UTF8PROC_CATEGORY_CN || (of >= UTF8PROC_CATEGORY_CC && of <= UTF8PROC_CATEGORY_CO);
}

bool is_nonspacing_mark(char32_t c) noexcept {
  return category(c) == UTF8PROC_CATEGORY_MN;
}

int combining_class(char32_t c) noexcept {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
}

char32_t lower_case(char32_t c) noexcept {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

std::size_t decompose(char32_t c, bool compatibility, char32_t (&out)[32]) noexcept {
  utf8proc_int32_t parts[32];
  int boundary = 0;
  const int options = UTF8PROC_DECOMPOSE | (compatibility ? UTF8PROC_COMPAT : 0);
  const utf8proc_ssize_t count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts, 32,
                              static_cast<utf8proc_option_t>(options), &boundary);
  if (count < 1 || count > 32) {  // cannot happen to a code point; it then stays as it is
    out[0] = c;
    return 1;
  }
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    out[i] = static_cast<char32_t>(parts[i]);
  }
  return static_cast<std::size_t>(count);
}

std::string lower_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    if (c.value == kReplacement) {
      out += text.substr(at, c.length);
    } else {
      append_utf8(out, lower_case(c.value));
    }
    at += c.length;
  }
  return out;
}

}  // namespace attune::data
