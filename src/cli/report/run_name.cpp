#include "cli/report/run_name.hpp"

#include <filesystem>

namespace attune::cli {

namespace {

// The last part of a path that is not empty, `runs/gat/` being gat.
std::string last_part(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder).lexically_normal();
  const std::string name =
      path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
  return name.empty() || name == "." || name == ".." ? folder : name;
}

}  // namespace

std::string run_name(const std::string& folder, const std::string& other) {
  const std::string name = last_part(folder);
  return !other.empty() && name == last_part(other) ? folder : name;
}

}  // namespace attune::cli
