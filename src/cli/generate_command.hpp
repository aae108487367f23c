#pragma once

#include "cli/command.hpp"

namespace CLI {
class App;
}

namespace attune::cli {

/// `attune datasets generate`.
/// @param datasets  the command that it belongs to
void add_generate_command(CLI::App& datasets, Action& action);

}  // namespace attune::cli
