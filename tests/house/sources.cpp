#include "sources.hpp"

#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "support/temporary_folder.hpp"

namespace attune::testing {

namespace fs = std::filesystem;

namespace {

const std::string kTree = ATTUNE_SOURCE_TREE;

// `attune/graph/graph.hpp` or `graph/private.hpp` to `graph`.
std::string room_of_include(const Include& include) {
  std::string_view target = include.target;
  constexpr std::string_view kPublic = "attune/";
  if (target.starts_with(kPublic)) {
    target.remove_prefix(kPublic.size());
  } else if (!include.quoted) {
    return "";  // another library
  }
  return std::string(target.substr(0, target.find('/')));
}

std::string place(const SourceFile& file, const Include& include) {
  return file.path + ":" + std::to_string(include.line) + ": includes " + include.target;
}

}  // namespace

std::vector<SourceFile> sources_below(const std::string& folder) {
  std::vector<SourceFile> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kTree + "/" + folder)) {
    const std::string extension = entry.path().extension().string();
    if (entry.is_regular_file() &&
        (extension == ".hpp" || extension == ".cpp" || extension == ".in")) {
      const std::string path = fs::relative(entry.path(), kTree).generic_string();
      files.push_back({path, slurp(entry.path().string())});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::string source(const std::string& path) {
  return slurp(kTree + "/" + path);
}

std::vector<std::string> rooms() {
  static const std::regex kRoom("add_subdirectory\\((\\w+)\\)");
  const std::string list = source("src/CMakeLists.txt");
  std::vector<std::string> names;
  for (std::sregex_iterator it(list.begin(), list.end(), kRoom), end; it != end; ++it) {
    names.push_back((*it)[1]);
  }
  return names;
}

std::string room_of(std::string_view path) {
  for (const std::string_view above : {"include/attune/", "src/"}) {
    if (path.starts_with(above)) {
      path.remove_prefix(above.size());
      return std::string(path.substr(0, path.find('/')));
    }
  }
  throw std::invalid_argument("no room holds " + std::string(path));
}

std::vector<Include> includes_of(const SourceFile& file) {
  static const std::regex kInclude("^\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"]");
  std::vector<Include> includes;
  std::istringstream lines(file.content);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, kInclude)) {
      includes.push_back({.line = number, .target = match[2], .quoted = match[1] == "\""});
    }
  }
  return includes;
}

std::vector<std::string> upward_includes(const SourceFile& file,
                                         const std::vector<std::string>& rooms) {
  const auto floor_of = [&](const std::string& room) {
    return std::find(rooms.begin(), rooms.end(), room) - rooms.begin();
  };
  const std::ptrdiff_t own = floor_of(room_of(file.path));
  std::vector<std::string> found;
  for (const Include& include : includes_of(file)) {
    const std::string room = room_of_include(include);
    if (!room.empty() && floor_of(room) > own) {
      found.push_back(place(file, include));
    }
  }
  return found;
}

std::vector<std::string> heavy_includes(const SourceFile& file) {
  std::vector<std::string> found;
  for (const Include& include : includes_of(file)) {
    const bool library =
        include.target.find('/') != std::string::npos && !include.target.starts_with("attune/");
    if (include.quoted || library) {
      found.push_back(place(file, include));
    }
  }
  return found;
}

}  // namespace attune::testing
