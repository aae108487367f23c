#pragma once

#include "cli/report/markup.hpp"
#include "cli/report/named_run.hpp"

namespace attune::cli {

/// Loss, validation accuracy and alignment by epoch, the runs in one chart each.
void write_curves_section(Markup& page, const Runs& runs);

}  // namespace attune::cli
