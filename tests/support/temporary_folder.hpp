#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::testing {

/// A new empty folder, gone with everything in it when the object is.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Path of `name` inside the folder.
  [[nodiscard]] std::string path(std::string_view name) const;
  /// Writes a file, folders above it included, and returns its path.
  std::string write(std::string_view name, std::string_view content) const;
  /// Names of all files below the folder, relative to it, ascending.
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  std::string path_;
};

/// Content of a file, for tests that may not use what they test to read it.
[[nodiscard]] std::string slurp(const std::string& path);

}  // namespace attune::testing
