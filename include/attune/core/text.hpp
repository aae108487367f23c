#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace attune::core {

namespace detail {

inline void append(std::string& out, std::string_view part) {
  out += part;
}
inline void append(std::string& out, char part) {
  out += part;
}

// A template, so that no pointer converts to it.
template <std::same_as<bool> T>
void append(std::string& out, T part) {
  out += part ? "true" : "false";
}

template <class T>
requires(!std::same_as<T, char> && !std::same_as<T, bool> &&
         (std::integral<T> || std::floating_point<T>)) void append(std::string& out, T part) {
  char digits[64];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, part).ptr);
}

}  // namespace detail

/// The parts one after another, numbers in their shortest exact form:
/// `text("x must be ", 3, ", got ", 0.5)`.
template <class... Parts>
[[nodiscard]] std::string text(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

}  // namespace attune::core
