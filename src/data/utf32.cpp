#include "data/utf32.hpp"

#include <cstddef>

namespace attune::data {

namespace {

bool is_unicode(char32_t c) {
  return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

std::size_t utf8_length(char32_t c) {
  return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

// Bytes announced by a first byte; 0 where it cannot be one.
std::size_t announced_length(unsigned char first) {
  return first < 0x80   ? 1
         : first < 0xc0 ? 0
         : first < 0xe0 ? 2
         : first < 0xf0 ? 3
         : first < 0xf8 ? 4
                        : 0;
}

}  // namespace

std::optional<std::string> utf8_from_utf32(std::u32string_view wide) {
  std::string out;
  for (const char32_t c : wide) {
    if (!is_unicode(c)) {
      return std::nullopt;
    }
    const std::size_t length = utf8_length(c);
    if (length == 1) {
      out += static_cast<char>(c);
      continue;
    }
    const char32_t mark = 0xf00U >> length & 0xff;  // 110..., 1110..., 11110...
    out += static_cast<char>(mark | c >> (6 * (length - 1)));
    for (std::size_t i = length - 1; i-- > 0;) {
      out += static_cast<char>(0x80 | (c >> (6 * i) & 0x3f));
    }
  }
  return out;
}

std::optional<std::u32string> utf32_from_utf8(std::string_view narrow) {
  std::u32string out;
  while (!narrow.empty()) {
    const auto first = static_cast<unsigned char>(narrow.front());
    const std::size_t length = announced_length(first);
    if (length == 0 || length > narrow.size()) {
      return std::nullopt;
    }
    char32_t c = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      const auto next = static_cast<unsigned char>(narrow[i]);
      if ((next & 0xc0) != 0x80) {
        return std::nullopt;
      }
      c = c << 6 | (next & 0x3f);
    }
    if (!is_unicode(c) || utf8_length(c) != length) {
      return std::nullopt;
    }
    out += c;
    narrow.remove_prefix(length);
  }
  return out;
}

}  // namespace attune::data
