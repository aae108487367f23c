#pragma once

#include <string>

namespace attune::train {

/// Adds a line to a file, which is made if it is missing, in one write: lines of processes that
/// share the file do not mix.
/// @param line  without its end; empty: only whether it could be added is found out
/// @throws FileError  the system refuses
void append_line(const std::string& path, const std::string& line);

}  // namespace attune::train
