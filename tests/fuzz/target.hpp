#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What is fuzzed: each target is a file that defines these two.
namespace attune::fuzz {

/// Reads the input as a hostile file. It may end well or in attune::Error; any other exception,
/// signal, sanitizer report or lack of memory is a bug.
void run(std::string_view input);

/// Inputs to begin with: the committed corpus.
[[nodiscard]] std::vector<std::string> seeds();

}  // namespace attune::fuzz
