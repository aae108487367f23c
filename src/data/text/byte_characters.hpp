#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace attune::data {

/// GPT-2's way to write bytes as printable characters: those printable in ISO 8859-1 stand for
/// themselves, the others, in their order, for U+0100 and on. A blank becomes U+0120.
[[nodiscard]] const std::array<std::string, 256>& byte_characters();

[[nodiscard]] std::string characters_from_bytes(std::string_view bytes);

/// Nothing where a character stands for no byte.
[[nodiscard]] std::optional<std::string> bytes_from_characters(std::string_view characters);

}  // namespace attune::data
