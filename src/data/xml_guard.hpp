#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace attune::data {

/// Refuses XML that a parser which builds a tree, and recurses into it, would pay too much for:
/// elements more than 100 deep, or more than 16 million elements and attributes. Says nothing about
/// whether it is well formed otherwise.
/// @param path     for messages
/// @param element  a name of elements
/// @return  how many elements of that name there are
/// @throws FileError  with the line
std::int64_t check_xml_size(std::string_view bytes, const std::string& path,
                            std::string_view element);

}  // namespace attune::data
