#pragma once

#include <span>
#include <string>
#include <string_view>

namespace attune::core {

/// The end of a message about an unknown name: ` (did you mean "cora"?); known: cora, citeseer`.
/// The question is left out where nothing known is near, that is within a third of the letters.
[[nodiscard]] std::string suggestion(std::string_view name, std::span<const std::string> known);

/// Letters to insert, delete, replace or swap with their neighbour to get from `a` to `b`.
[[nodiscard]] int edit_distance(std::string_view a, std::string_view b);

}  // namespace attune::core
