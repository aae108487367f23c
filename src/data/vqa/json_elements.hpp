#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <attune/core/function_ref.hpp>

namespace attune::data {

/// Calls f(element, place) for each element of the list that an object has under `member`, one
/// after another: the list itself, which may be large, is never held. Other members are passed
/// over. The place reads `questions[17]`.
/// @param max_values  that an element may have inside
/// @throws FileError  no JSON (with line and byte), no object with such a list, a key that comes
/// twice
///                    in the object or in an element, more than 32 levels
void for_each_json_element(
    std::string_view bytes, const std::string& path, const std::string& member,
    std::int64_t max_values,
    core::FunctionRef<void(const nlohmann::json& element, const std::string& place)> f);

}  // namespace attune::data
