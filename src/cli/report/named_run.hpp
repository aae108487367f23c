#pragma once

#include <string>
#include <vector>

#include "cli/report/examined_run.hpp"
#include "cli/report/run_style.hpp"

namespace attune::cli {

/// A run under the name that a page gives it.
struct NamedRun {
  std::string name;
  const ExaminedRun& run;
};

/// The run that a page is about and, where there is one, the run it is held against.
using Runs = std::vector<NamedRun>;

}  // namespace attune::cli
