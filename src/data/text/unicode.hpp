#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace attune::data {

inline constexpr char32_t kReplacement = 0xfffd;

/// A code point of a text and the number of bytes it is written in.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 1;
};

/// The code point at `at`, which is inside `bytes`. A byte that is no part of UTF-8 in its shortest
/// form is a code point of its own, kReplacement.
[[nodiscard]] CodePoint decode_utf8(std::string_view bytes, std::size_t at) noexcept;

/// @param c  a code point, no surrogate
void append_utf8(std::string& out, char32_t c);

/// Position of the first byte that is no part of UTF-8; npos where all is well.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view bytes) noexcept;

/// Code points of a text in UTF-8.
[[nodiscard]] std::int64_t count_characters(std::string_view text) noexcept;

/// Text in ISO 8859-1 as UTF-8.
[[nodiscard]] std::string utf8_from_latin1(std::string_view bytes);

/// White_Space of the Unicode Character Database.
[[nodiscard]] bool is_white_space(char32_t c) noexcept;
/// Categories L*, N*, P* and C*.
[[nodiscard]] bool is_letter(char32_t c) noexcept;
[[nodiscard]] bool is_number(char32_t c) noexcept;
[[nodiscard]] bool is_punctuation(char32_t c) noexcept;
[[nodiscard]] bool is_other(char32_t c) noexcept;
/// Category Mn: accents and such that take no room of their own.
[[nodiscard]] bool is_nonspacing_mark(char32_t c) noexcept;
[[nodiscard]] int combining_class(char32_t c) noexcept;

/// Simple lower case: one code point to one, whatever stands beside it.
[[nodiscard]] char32_t lower_case(char32_t c) noexcept;

/// Canonical (or compatibility) decomposition of one code point.
/// @return number of code points written to `out`, of which 18 is the most there is
[[nodiscard]] std::size_t decompose(char32_t c, bool compatibility, char32_t (&out)[32]) noexcept;

/// The text in lower case, by code points; what is not UTF-8 stays.
[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace attune::data
