#pragma once

#include <string>
#include <vector>

namespace attune::data {

[[nodiscard]] bool exists(const std::string& path);

/// `a, b, c` for messages.
[[nodiscard]] std::string join(const std::vector<std::string>& names);

/// @throws FileError  data_dir is not empty and not a folder
void require_folder(const std::string& data_dir);

/// FOLDER/file in the first of data_folders() that has it; empty where none has.
[[nodiscard]] std::string find_in_folders(const std::string& file, const std::string& data_dir);

}  // namespace attune::data
