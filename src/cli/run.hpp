#pragma once

namespace attune::cli {

/// The `attune` command.
/// @return exit status: 0 success, 1 internal failure, 2 bad input or usage, 130 interrupted
int run(int argc, char** argv);

}  // namespace attune::cli
