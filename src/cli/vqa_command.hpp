#pragma once

#include "cli/command.hpp"

namespace attune::cli {

// Each adds a subcommand of `vqa` and sets `action` when it is chosen.
void add_vqa_info(CLI::App& vqa, Action& action);

}  // namespace attune::cli
