#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/report/markup.hpp"

namespace attune::cli {

/// Numbers in [0, largest] as cells whose colour grows with them, each with its value.
struct HeatMap {
  struct Column {
    std::string name;
    std::string under;    ///< a second line
    bool marked = false;  ///< underlined
  };

  struct Row {
    std::string name;
    std::vector<double> values;
    std::optional<double> rest;  ///< of one more column, which is not coloured
  };

  std::string label;  ///< for readers who do not see it
  double largest = 1;
  int digits = 2;  ///< decimals of the values
  std::vector<Column> columns;
  std::vector<Row> rows;
};

/// An SVG of fixed size: a wide one is to be scrolled, not shrunk beyond reading.
void write_heat_map(Markup& page, const HeatMap& map);

}  // namespace attune::cli
