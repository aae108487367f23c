#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

/// The lines of a text file one after the other, each split into fields. Every error is a FileError
/// with the number of the line.
class TextLines {
 public:
  /// @param bytes  outlives the reader, and so do all fields but quoted ones
  TextLines(std::string_view bytes, std::string path) : rest_(bytes), path_(std::move(path)) {}

  /// Goes on to the next line that is not empty; carriage returns before line feeds are no part of
  /// it. @return  false at the end
  bool next();

  [[nodiscard]] std::string_view line() const noexcept { return line_; }
  [[nodiscard]] std::int64_t number() const noexcept { return number_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Fields of the line. `separator` ' ' stands for any number of blanks and tabs; with ',' a field
  /// may stand in double quotes, doubled where it holds one.
  [[nodiscard]] const std::vector<std::string_view>& fields(char separator);

  /// @throws FileError  another number of fields
  const std::vector<std::string_view>& fields(char separator, std::size_t expected);

  /// The field as an integer within [low, high].
  [[nodiscard]] std::int64_t integer(std::string_view field, std::int64_t low,
                                     std::int64_t high) const;
  /// The field as a finite number.
  [[nodiscard]] float real(std::string_view field) const;

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw FileError(path_, number_, core::text(parts...));
  }

 private:
  void split_blanks();
  void split_quoted(char separator);
  std::string_view take_quoted(std::string_view& rest, char separator);

  std::string_view rest_;
  std::string path_;
  std::string_view line_;
  std::int64_t number_ = 0;
  std::vector<std::string_view> fields_;
  std::vector<std::string> unquoted_;  // fields of this line that are not in the file as they are
};

}  // namespace attune::data
