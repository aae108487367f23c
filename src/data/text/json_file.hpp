#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace attune::data {

/// Parses JSON of a foreign file.
/// @throws FileError  with the line: no JSON, not UTF-8, a key that comes twice in an object,
/// deeper
///                    than 32
[[nodiscard]] nlohmann::json parse_json_text(std::string_view bytes, const std::string& path);

/// Reads and parses a whole file. @throws FileError  also where it is larger than 4 GiB
[[nodiscard]] nlohmann::json read_json_file(const std::string& path);

/// A value as it stands in a message: shortened, safe for a terminal.
[[nodiscard]] std::string shown(const nlohmann::json& value);

}  // namespace attune::data
