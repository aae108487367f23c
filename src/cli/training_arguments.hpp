#pragma once

#include <string>
#include <vector>

#include "cli/training_options.hpp"

namespace attune::cli {

/// The options that arguments of `attune train` ask for, and its defaults where they are silent:
/// for other programs that train as the command does.
/// @param arguments  `--heads=4` and so on; `--dataset` among them
/// @throws InvalidArgument  no option has the name, or it refuses the value
[[nodiscard]] TrainingOptions parse_training_options(const std::vector<std::string>& arguments);

}  // namespace attune::cli
