#pragma once

#include <string>
#include <vector>

#include "cli/report/examined_run.hpp"

namespace attune::cli {

/// A run under the name that a page gives it.
struct NamedRun {
  std::string name;
  const ExaminedRun& run;
};

/// The run that a page is about and, where there is one, the run it is held against.
using Runs = std::vector<NamedRun>;

/// Class of everything drawn in the colour of a run: `run-a`, `run-b`.
[[nodiscard]] inline std::string style_of_run(std::size_t index) {
  return index == 0 ? "run-a" : "run-b";
}

}  // namespace attune::cli
