#pragma once

#include <string>

namespace attune::cli {

/// What a page calls a run: the last part of its folder's path, or all of the path where another
/// run has the same last part.
/// @param other  folder of the other run; empty: there is none
[[nodiscard]] std::string run_name(const std::string& folder, const std::string& other);

}  // namespace attune::cli
