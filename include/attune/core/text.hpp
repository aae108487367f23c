#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace attune::core {

namespace detail {

inline void append(std::string& out, std::string_view part) { out += part; }
inline void append(std::string& out, char part) { out += part; }
inline void append(std::string& out, bool part) { out += part ? "true" : "false"; }

template <class T>
  requires(std::integral<T> || std::floating_point<T>)
void append(std::string& out, T part) {
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
