#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace attune {

/// Base of every error that attune throws. The message says who, what was expected and what came.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A setting or an argument outside its range.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A tensor whose shape or element type does not fit the operation.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// A file that is missing, unreadable, malformed or contradictory.
class FileError : public Error {
 public:
  /// Message: `path: what`.
  FileError(const std::string& path, const std::string& what);

  /// Message: `path:position: what`. The position is a byte offset in a binary file and a line
  /// number, from 1, in a text file.
  FileError(const std::string& path, std::int64_t position, const std::string& what);

  /// Of the file, as it was asked for.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Byte offset or line number, as above; none where the whole file is meant.
  [[nodiscard]] std::optional<std::int64_t> position() const noexcept { return position_; }

 private:
  std::string path_;
  std::optional<std::int64_t> position_;
};

}  // namespace attune
