#pragma once

#include <string>
#include <string_view>
#include <vector>

// What the tests of the house know about the tree of sources.
namespace attune::testing {

struct SourceFile {
  std::string path;  ///< relative to the top of the tree, include/attune/ROOM/... or src/ROOM/...
  std::string content;
};

struct Include {
  int line = 0;
  std::string target;  ///< between the brackets or quotes
  bool quoted = false;
};

/// All .hpp, .in and .cpp files below a folder of the tree.
[[nodiscard]] std::vector<SourceFile> sources_below(const std::string& folder);

/// Content of one file of the tree.
[[nodiscard]] std::string source(const std::string& path);

/// The rooms, lowest first, as src/CMakeLists.txt lists them.
[[nodiscard]] std::vector<std::string> rooms();

/// Room of a file, by its path.
[[nodiscard]] std::string room_of(std::string_view path);

[[nodiscard]] std::vector<Include> includes_of(const SourceFile& file);

/// Includes of rooms that are not below, one `path:line: ...` each.
[[nodiscard]] std::vector<std::string> upward_includes(const SourceFile& file,
                                                       const std::vector<std::string>& rooms);

/// Includes that a public header should not burden its users with.
[[nodiscard]] std::vector<std::string> heavy_includes(const SourceFile& file);

}  // namespace attune::testing
