#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace attune::core {

/// The whole content of a regular file.
/// @param max_bytes  a larger file is refused before anything is allocated for it
/// @throws FileError  missing, not a regular file, larger than max_bytes, or unreadable
[[nodiscard]] std::string read_file(const std::string& path, std::int64_t max_bytes);

/// Replaces or creates a file so that a reader, or a machine that loses power, meets either the old
/// content or the new one: written to a temporary beside it, synced, renamed, and the folder
/// synced. A symbolic link stays, and the file it points to is replaced. What is no regular file (a
/// terminal, a pipe, /dev/stdout) is written to directly.
/// @throws FileError  with the system's reason; the temporary is gone and the target as it was
void write_file_atomically(const std::string& path, std::string_view bytes);

}  // namespace attune::core
