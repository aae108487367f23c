#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace attune::train {

/// One tensor as a safetensors header describes it, not yet checked against anything.
struct SafetensorsEntry {
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::array<std::uint64_t, 2> data_offsets{};
};

struct SafetensorsHeader {
  std::map<std::string, SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;
};

/// Parses the JSON of a header in one pass: nothing is built that the format does not have.
/// @param path    named in errors
/// @param offset  of the header in the file
/// @throws FileError  other JSON than the format has, or a key that comes twice
[[nodiscard]] SafetensorsHeader parse_safetensors_header(std::string_view json,
                                                         const std::string& path,
                                                         std::int64_t offset);

}  // namespace attune::train
