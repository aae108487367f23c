#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace attune::data {

/// The content of a gzip file of one or more members. Memory follows what has come out.
/// @param path  for messages
/// @throws FileError  no gzip data, truncated, a checksum that differs, something behind the last
///                    member, or more than max_bytes; with the position in the file
[[nodiscard]] std::string gunzip(std::string_view bytes, const std::string& path,
                                 std::int64_t max_bytes);

}  // namespace attune::data
