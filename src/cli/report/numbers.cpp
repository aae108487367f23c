#include "cli/report/numbers.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace attune::cli {

std::string decimal(double number, int digits) {
  std::array<char, 400> buffer;  // the largest double has 309 digits before the point
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                 std::chars_format::fixed, digits);
  std::string text(buffer.data(), end.ptr);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') {
      text.pop_back();
    }
  }
  return text == "-0" ? "0" : text;
}

std::string significant(double number) {
  const double size = std::abs(number);
  if (size == 0 || (size >= 0.01 && size < 1e6)) {
    return decimal(number, 4);
  }
  std::array<char, 32> buffer;
  const bool small = size >= 1e-4 && size < 0.01;
  const auto end = small ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                         std::chars_format::fixed,
                                         2 - static_cast<int>(std::floor(std::log10(size))))
                         : std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                         std::chars_format::scientific, 2);
  return {buffer.data(), end.ptr};
}

}  // namespace attune::cli
