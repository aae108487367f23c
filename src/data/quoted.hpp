#pragma once

#include <string>
#include <string_view>

namespace attune::data {

/// A name that came out of a file, fit for a message: in quotes, shortened, and with anything that
/// a terminal could act on written as \xNN.
[[nodiscard]] std::string quoted(std::string_view name);

}  // namespace attune::data
