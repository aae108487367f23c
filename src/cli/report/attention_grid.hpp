#pragma once

#include <string>
#include <vector>

#include "cli/report/markup.hpp"

namespace attune::cli {

/// Attention of one head: a row for everyone who attends.
struct AttentionGrid {
  std::string label;  ///< for readers who do not see it; what each row attends to most is added
  double largest = 1;
  std::vector<std::string> columns = {};
  std::vector<std::string> rows = {};
  std::vector<std::vector<double>> values = {};  ///< [rows, columns], in [0, largest]
};

/// An SVG of small cells, whose colour grows with the number in one of 24 steps. A row says its
/// numbers where a pointer rests on it. More than 20 columns or rows share the length of 20: some
/// of them are named, and a row says its six largest numbers.
void write_attention_grid(Markup& page, const AttentionGrid& grid);

}  // namespace attune::cli
