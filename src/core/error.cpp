#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune {

FileError::FileError(const std::string& path, const std::string& what)
    : Error(core::text(path, ": ", what)), path_(path) {}

FileError::FileError(const std::string& path, std::int64_t position, const std::string& what)
    : Error(core::text(path, ":", position, ": ", what)), path_(path), position_(position) {}

}  // namespace attune
