#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/text/text_table.hpp"
#include <attune/data/text/text_task.hpp>

namespace attune::data {

/// A column by its name in the heading, or, of files without one, by its number from 0.
struct TaskColumn {
  std::string name = {};
  int number = -1;

  [[nodiscard]] bool defined() const noexcept { return !name.empty() || number >= 0; }
};

/// How a task stands in a table.
struct TableFormat {
  TableForm form = TableForm::tabs;
  bool heading = true;
  std::vector<TaskColumn> first = {};   ///< more than one are joined by blanks
  std::vector<TaskColumn> second = {};  ///< none of a single text
  std::vector<TaskColumn> endings = {};
  TaskColumn label = {};                  ///< of the class, the score or the right ending
  bool labelled = true;                   ///< false: test files that may lack the column
  std::vector<std::string> written = {};  ///< the labels as the file writes them, in their order
  std::string skipped_label = {};         ///< of lines that nobody agreed about
  std::size_t columns = 0;                ///< exactly so many; 0: as many as are read, or more
  bool skip_short = false;                ///< the published file has broken lines, to be left out
  bool may_be_empty = false;              ///< some published texts are
  double lowest = 0, highest = 5;         ///< of scores
};

/// Of several formats the one whose columns the first line names; if none, that without a heading.
/// @throws FileError  none fits; names a column that is missing
void read_table_part(std::string_view bytes, const std::string& path,
                     const std::vector<TableFormat>& formats, TextTaskKind kind, TextPart& part);

/// The number of a label. @throws FileError  through `fail` of the table: names those that are
/// known
[[nodiscard]] std::int32_t label_number(const TextTable& table, std::string_view found,
                                        const std::vector<std::string>& known);

}  // namespace attune::data
