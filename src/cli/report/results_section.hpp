#pragma once

#include "cli/report/markup.hpp"
#include "cli/report/named_run.hpp"

namespace attune::cli {

/// The table of metrics, one column a run, and their difference.
void write_results_section(Markup& page, const Runs& runs);

/// All settings of the runs, those that differ marked.
void write_settings_section(Markup& page, const Runs& runs);

}  // namespace attune::cli
