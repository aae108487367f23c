#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

/// Refuses XML that a parser which builds a tree, and recurses into it, would pay too much for:
/// elements more than 100 deep, or more than 16 million elements and attributes. Says nothing about
/// whether it is well formed otherwise.
/// @param path     for messages
/// @param element  a name of elements
/// @return  the attribute `id` of each element of that name, as it is written; empty where it has
///          none
/// @throws FileError  with the line
[[nodiscard]] std::vector<std::string_view> check_xml_size(std::string_view bytes,
                                                           const std::string& path,
                                                           std::string_view element);

}  // namespace attune::data
