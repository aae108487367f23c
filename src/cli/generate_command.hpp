#pragma once

#include "cli/arguments.hpp"
#include "cli/command.hpp"

namespace attune::cli {

/// `attune datasets generate`.
/// @param datasets  the command that it belongs to
void add_generate_command(Command datasets, Action& action);

}  // namespace attune::cli
