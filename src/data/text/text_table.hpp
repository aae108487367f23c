#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

enum class TableForm {
  tabs,    ///< fields between tabs; quotes mean nothing
  commas,  ///< RFC 4180: quoted fields may hold commas, line ends and doubled quotes
};

/// Rows of a table of texts, one after the other. UTF-8, and every error names file and line.
class TextTable {
 public:
  /// @param bytes  outlives the reader
  TextTable(std::string_view bytes, std::string path, TableForm form);

  /// Takes the next row as names of columns.
  /// @throws FileError  no row, a name that comes twice
  void read_heading();
  [[nodiscard]] bool has_column(std::string_view name) const;
  /// @throws FileError  no column of this name; says which there are
  [[nodiscard]] std::size_t column(std::string_view name) const;
  [[nodiscard]] std::size_t num_columns() const noexcept { return heading_.size(); }

  /// Goes on to the next row. Empty lines are none. @return  false at the end
  bool next();

  [[nodiscard]] const std::vector<std::string>& fields() const noexcept { return fields_; }
  /// Of the row's first line.
  [[nodiscard]] std::int64_t number() const noexcept { return number_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// @throws FileError  there are fewer fields
  [[nodiscard]] const std::string& field(std::size_t index) const;

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw FileError(path_, number_, core::text(parts...));
  }

 private:
  void split_tabs();
  void split_commas();
  std::string take_quoted();
  void check_utf8() const;

  std::string_view rest_;
  std::string path_;
  TableForm form_;
  std::vector<std::string> heading_;
  std::vector<std::string> fields_;
  std::int64_t number_ = 0;
  std::int64_t next_number_ = 1;
};

/// The whole file without the byte order mark that may stand before it.
[[nodiscard]] std::string_view without_bom(std::string_view bytes) noexcept;

}  // namespace attune::data
