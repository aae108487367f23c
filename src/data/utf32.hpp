#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace attune::data {

/// Nothing where a code point is beyond U+10FFFF or a surrogate.
[[nodiscard]] std::optional<std::string> utf8_from_utf32(std::u32string_view wide);

/// Nothing where `narrow` is not UTF-8 in its shortest form.
[[nodiscard]] std::optional<std::u32string> utf32_from_utf8(std::string_view narrow);

}  // namespace attune::data
