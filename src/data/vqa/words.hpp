#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

/// The pieces between white space, none of them empty.
[[nodiscard]] std::vector<std::string> split_at_blanks(std::string_view text);

}  // namespace attune::data
