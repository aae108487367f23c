#pragma once

#include <fstream>
#include <string>
#include <string_view>

namespace attune::data {

/// A folder that is being filled: what is in it goes again unless it is kept.
class NewFolder {
 public:
  /// Makes it, and those above it. @throws FileError  it has something in it, or cannot be made
  explicit NewFolder(std::string path);
  ~NewFolder();
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Makes a folder in it. @throws FileError
  void make(const std::string& name) const;
  /// Writes a file in it, which may not be on the disk before sync_files() returns. Several threads
  /// may write files of different names. @throws FileError
  void write(const std::string& name, std::string_view bytes) const;
  /// Puts all files on the disk. @throws FileError
  void sync_files() const;
  /// Puts the names of what is in the folder itself on the disk. @throws FileError
  void sync_names() const;

  void keep() noexcept { kept_ = true; }

 private:
  void sync(int (*how)(int)) const;

  std::string path_;
  bool was_there_ = false;
  bool kept_ = false;
};

/// A file that is written piece by piece under another name, and then takes its own.
class GrowingFile {
 public:
  /// @throws FileError  cannot be made
  explicit GrowingFile(std::string path);

  /// @throws FileError  cannot be written
  void append(std::string_view bytes);
  /// Writes what is left; the file is whole, under its other name. @throws FileError
  void close();
  /// After close(). @throws FileError
  void take_name() const;

 private:
  std::string path_;
  std::string partial_;
  std::ofstream out_;
};

}  // namespace attune::data
