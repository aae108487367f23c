#pragma once

#include <string>
#include <string_view>

namespace attune::train {

/// The beginning of a text from a foreign file, so that no error message is as long as the file.
[[nodiscard]] inline std::string abbreviated(std::string_view text) {
  constexpr std::size_t kMost = 120;
  std::string shown(text.substr(0, kMost));
  if (text.size() > kMost) {
    shown += "...";
  }
  return shown;
}

}  // namespace attune::train
