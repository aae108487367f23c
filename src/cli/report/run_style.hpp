#pragma once

#include <cstddef>
#include <string>

namespace attune::cli {

/// Class of everything drawn in the colour of a run: `run-a`, `run-b`.
[[nodiscard]] inline std::string style_of_run(std::size_t index) {
  return index == 0 ? "run-a" : "run-b";
}

}  // namespace attune::cli
