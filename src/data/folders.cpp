#include "data/folders.hpp"

#include <filesystem>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/registry.hpp>

namespace attune::data {

using core::text;

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out += text(out.empty() ? "" : ", ", name);
  }
  return out;
}

void require_folder(const std::string& data_dir) {
  std::error_code ignored;
  if (!data_dir.empty() && !std::filesystem::is_directory(data_dir, ignored)) {
    throw FileError(data_dir, "expected a folder with data sets, found none");
  }
}

std::string find_in_folders(const std::string& file, const std::string& data_dir) {
  for (const std::string& folder : data_folders(data_dir)) {
    std::string place = text(folder, "/", file);
    if (exists(place)) {
      return place;
    }
  }
  return "";
}

}  // namespace attune::data
